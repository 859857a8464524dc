import { join } from 'node:path';
import { LOG, toCloudEvent } from '#libs/contracts';
import type { Database } from '#libs/database';
import { lastPosition, readRecorded } from '#libs/ledger';
import { readAhead } from '#libs/messaging';
import { Projection, queryAudit } from '#libs/read-models';
import type { Progress } from './progress.js';
import { quantile } from './statistics.js';
import { verifyByCommand, writeExport } from './verify-log.js';

export interface PipelineResult {
  events: number;
  /** Events per second. */
  sequencer: number;
  projector: number;
  verify: number;
  /** Milliseconds, worst of the filters. */
  auditQueryP95: number;
}

const BATCH = 1_000;
/** Of the envelopes. */
const SOURCE = 'urn:benchmark';
const QUERIES = 40;

/** Sequences, projects, verifies and searches what the ladder wrote. `folder` takes the export. */
export async function pipeline(database: Database, folder: string, progress: Progress): Promise<PipelineResult> {
  const [counted] = await database.query<{ n: number }>('select count(*)::int as n from ledger.event');
  const all = counted?.n ?? 0;
  const at = (title: string) => (done: number) => progress.at(title, done, all);
  const before = await lastPosition(database);
  const sequencer = await timed(() => sequenceAll(database, (done) => at('sequencing')(before + done)));
  progress.say(`  sequenced ${sequencer.result} events`);
  const projector = await timed(() => projectAll(database, at('projecting')));
  progress.say(`  projected ${projector.result} events`);
  const file = join(folder, 'export.ndjson');
  await writeExport(database, { file, source: SOURCE, onProgress: at('exporting') });
  progress.say('  verifying');
  const verify = await timed(() => verifyByCommand(file));
  progress.say(`  verified ${verify.result} events`);
  return {
    events: projector.result,
    sequencer: sequencer.result / sequencer.seconds,
    projector: projector.result / projector.seconds,
    verify: verify.result / verify.seconds,
    auditQueryP95: await auditQueryP95(database),
  };
}

async function timed(work: () => Promise<number>): Promise<{ result: number; seconds: number }> {
  const started = performance.now();
  const result = await work();
  return { result, seconds: (performance.now() - started) / 1000 };
}

type OnProgress = (done: number) => void;

async function sequenceAll(database: Database, onProgress: OnProgress): Promise<number> {
  let count = 0;
  for (;;) {
    const rows = await database.query('select * from ledger.sequence($1, $2)', [LOG, BATCH]);
    if (rows.length === 0) return count;
    count += rows.length;
    onProgress(count);
  }
}

/** As the projector's consumer catches up from the store. */
async function projectAll(database: Database, onProgress: OnProgress): Promise<number> {
  const projection = new Projection(database);
  const read = async (after: number, limit: number) =>
    (await readRecorded(database, after, limit)).map((event) => toCloudEvent(event, SOURCE));
  for await (const events of readAhead(read, 0, BATCH)) {
    await projection.apply(events);
    onProgress(events.at(-1)?.position ?? 0);
  }
  return projection.checkpoint();
}

async function auditQueryP95(database: Database): Promise<number> {
  const [session] = await database.query<{ id: string }>('select session_id::text as id from read_model.audit limit 1');
  const filters = [
    {},
    { agentId: '00000000-0000-7000-8000-000000000001' },
    { sessionId: session?.id ?? '' },
    { type: 'SessionRenewed' as const },
    { type: 'SessionCreated' as const, agentId: '00000000-0000-7000-8000-000000000001' },
    { actor: 'agent:00000000-0000-7000-8000-000000000001' },
    { from: '2026-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' },
    { text: 'benchmark' },
  ];
  const worst: number[] = [];
  for (const filter of filters) {
    const times: number[] = [];
    for (let query = 0; query < QUERIES; query += 1) {
      const before = performance.now();
      await queryAudit(database, { limit: 50, ...filter }, { source: SOURCE, agents: null });
      times.push(performance.now() - before);
    }
    worst.push(quantile(times, 0.95));
  }
  return Math.max(...worst);
}
