import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import pg from 'pg';
import { toCloudEvent } from '#libs/contracts';
import { readRecorded } from '#libs/ledger';
import { auditPosition, Projection, queryAudit, rebuild } from '#libs/read-models';
import { until } from '#libs/testing';
import { IdWatch } from './held-ids.js';
import { appendMany, appendTo, createLog, sequenceCount, type LogFixture } from './log-fixture.js';

const SOURCE = 'urn:test';

/** One turn of sequencer and projector, over all events that there are. */
async function turn(log: LogFixture): Promise<void> {
  const client = await log.database.connect();
  try {
    const { rows } = await client.query<{ waiting: number }>(
      'select ((select count(*) from ledger.event) - (select count(*) from ledger.entry))::int as waiting',
    );
    await sequenceCount(client, rows[0]?.waiting ?? 0);
  } finally {
    client.release();
  }
  const projection = new Projection(log.database);
  const events = await readRecorded(log.database, await projection.checkpoint(), 5_000);
  await projection.apply(events.map((event) => toCloudEvent(event, SOURCE)));
}

it('a read model is rebuilt beside the live one and swapped, while it is read and events come', async () => {
  await using log = await createLog();
  await appendMany(log.ledger, 2_500);
  await turn(log);
  // A row that no event tells of: the rebuild must not carry it over.
  const [live] = await log.database.query<{ generation: number }>(
    `select generation from read_model.generation where model = 'audit' and live`,
  );
  await log.database.query(`update read_model.audit_g${live?.generation} set actor = 'nobody' where position = 7`);

  const agentId = randomUUID();
  let rebuilding = true;
  const readSizes = new Set<number>();
  const reads = (async () => {
    while (rebuilding) {
      readSizes.add((await queryAudit(log.database, { limit: 50 }, { source: SOURCE, agents: null })).items.length);
    }
  })();
  const writes = (async () => {
    for (let count = 0; count < 30; count += 1) {
      await appendTo(log.ledger, agentId);
      await turn(log);
    }
  })();
  const progress: number[] = [];
  await rebuild('audit', {
    database: log.database,
    batchSize: 250,
    readLog: async (after, limit) =>
      (await readRecorded(log.database, after, limit)).map((event) => toCloudEvent(event, SOURCE)),
    onProgress: ({ position }) => progress.push(position),
  });
  await writes;
  rebuilding = false;
  await reads;
  // Other databases of the cluster hold the horizon too: the newest events may get their place a moment later.
  await until(
    async () => {
      await turn(log);
      return (await auditPosition(log.database)) === 2_530;
    },
    { describe: 'all events to be projected' },
  );

  expect([...readSizes]).toEqual([50]);
  expect(progress).toEqual([...progress].sort((a, b) => a - b));
  const wrong = await log.database.query(`
    select e.position from ledger.entry e join ledger.event v using (stream_id, version)
    full join read_model.audit a using (position) where a.actor is distinct from v.actor or e.position is null`);
  expect(wrong).toEqual([]);
  const swapped = await log.database.query<{ generation: number }>(
    `select generation from read_model.generation where model = 'audit' and live`,
  );
  expect(swapped).toEqual([{ generation: (live?.generation ?? 0) + 1 }]);
});

it('a reader who holds the view delays the swap, never the events: the swap gives up at once and comes again', async () => {
  await using log = await createLog();
  await appendMany(log.ledger, 700);
  await turn(log);
  const reader = new pg.Client({ connectionString: log.url });
  await reader.connect();
  await reader.query('begin');
  await reader.query('select from read_model.audit limit 1');
  const watch = await IdWatch.start(log.url, 'fault test');
  const looker = new pg.Client({ connectionString: log.url });
  await looker.connect();
  const attempts = new Set<string>();
  const sizes = new Set<number>();
  let swapped = false;
  const rebuilding = rebuild('audit', {
    database: log.database,
    readLog: async (after, limit) =>
      (await readRecorded(log.database, after, limit)).map((event) => toCloudEvent(event, SOURCE)),
  }).then(() => (swapped = true));
  const waiting = `
    select a.xact_start::text as began from pg_locks l join pg_stat_activity a using (pid)
    where not l.granted and l.database = (select oid from pg_database where datname = current_database())
      and l.relation = 'read_model.audit'::regclass and l.mode = 'AccessExclusiveLock'`;
  await until(
    async () => {
      for (const { began } of (await looker.query<{ began: string }>(waiting)).rows) attempts.add(began);
      // Meanwhile the log goes on, and others read.
      await appendTo(log.ledger);
      await turn(log);
      sizes.add((await queryAudit(log.database, { limit: 50 }, { source: SOURCE, agents: null })).items.length);
      return attempts.size >= 3;
    },
    { describe: 'three attempts to swap' },
  );
  await looker.end();
  expect(swapped).toBe(false);
  expect([...sizes]).toEqual([50]);
  await watch[Symbol.asyncDispose]();
  expect(watch.heldMs.length).toBeGreaterThan(1);
  expect(watch.heldMs[0]).toBeLessThan(1_000);
  await reader.query('rollback');
  await reader.end();
  await rebuilding;
  await turn(log);
  const text = `select generation from read_model.generation where model = 'audit' and live`;
  expect(await log.database.query(text)).toEqual([{ generation: 2 }]);
  const missing = await log.database.query(`
    select e.position from ledger.entry e full join read_model.audit a using (position)
    where a.position is null or e.position is null`);
  expect(missing).toEqual([]);
});
