import { type EventData, LedgerError } from '#libs/contracts';
import type { Database } from '#libs/database';
import type { AppendedStream, EventStore } from '#libs/ledger';
import type { Idempotency } from './command-deps.js';

const FIND_RECEIPT = 'select fingerprint, streams from ledger.receipt where scope = $1 and key = $2';

/** What a command with this key wrote the first time; null when it is new. Throws IDEMPOTENCY_KEY_REUSED for another request. */
export async function findReceipt(database: Database, idempotency?: Idempotency): Promise<AppendedStream[] | null> {
  if (!idempotency) return null;
  const { scope, key, fingerprint } = idempotency;
  const [row] = await database.prepared<{ fingerprint: Buffer; streams: AppendedStream[] }>(
    'commands.find-receipt',
    FIND_RECEIPT,
    [scope, key],
  );
  if (!row) return null;
  if (!row.fingerprint.equals(fingerprint)) throw new LedgerError('IDEMPOTENCY_KEY_REUSED');
  return row.streams;
}

/** What the event says that a command with this receipt wrote. Throws IDEMPOTENCY_KEY_REUSED when it is of another type. */
export async function recordedEvent<T extends keyof EventData>(
  store: EventStore,
  [stream]: readonly AppendedStream[],
  type: T,
): Promise<EventData[T]> {
  const [event] = stream ? await store.readStream(stream.streamId, { fromVersion: stream.firstVersion, limit: 1 }) : [];
  if (event?.type !== type) throw new LedgerError('IDEMPOTENCY_KEY_REUSED');
  return event.data as EventData[T];
}
