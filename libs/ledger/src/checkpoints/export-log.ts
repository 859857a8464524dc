import { type CloudEvent, type RecordedEvent, toCloudEvent } from '#libs/contracts';
import type { Database } from '#libs/database';
import { lastPosition, readRecorded } from '../log/log-store.js';
import { CheckpointStore } from './checkpoint-store.js';
import { LogKeys } from './log-keys.js';

const BATCH = 500;
const CHECKPOINTS = 1_000;

/**
 * The whole log as lines of JSON for `sledger audit verify`: header with the public keys, every event by position, then
 * the newest checkpoints. `source` is that of the envelopes.
 */
export async function* exportLog(database: Database, source: string): AsyncGenerator<string> {
  const keys = await new LogKeys(database).verifiers();
  yield `${JSON.stringify({ format: 'session-ledger-log.v1', keys })}\n`;
  // Checkpoints first, events after: what a checkpoint covers is then in the export.
  const checkpoints = await new CheckpointStore(database).list({ limit: CHECKPOINTS });
  const end = await lastPosition(database);
  for (let after = 0; after < end;) {
    const batch = await readRecorded(database, after, Math.min(BATCH, end - after));
    const last = batch.at(-1);
    if (!last) break;
    yield batch.map((event) => `${JSON.stringify(envelopeOf(event, source))}\n`).join('');
    after = last.position;
  }
  yield checkpoints.map(({ note }) => `${JSON.stringify({ checkpoint: note })}\n`).join('');
}

/** An event that was altered beyond reading is exported all the same: whoever verifies the file finds that its leaf does not fit. */
function envelopeOf(event: RecordedEvent, source: string): CloudEvent {
  try {
    return toCloudEvent(event, source);
  } catch {
    const readable = toCloudEvent({ ...event, type: 'AgentEnabled', payload: '{}' }, source);
    return { ...readable, type: `ledger.unreadable.v${event.schemaVersion}`, data: { unreadable: event.payload } };
  }
}
