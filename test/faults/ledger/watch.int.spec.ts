import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import pg from 'pg';
import { CheckpointStore, lastPosition } from '#libs/ledger';
import { createLogger } from '#libs/platform';
import { startTestNats, until } from '#libs/testing';
import { startSequencer } from '../../../apps/sequencer/src/start-sequencer.js';
import { appendMany, appendTo, createLog, createSession, serviceConfig } from './log-fixture.js';

/** A sequencer in this process, with what it logs and measures. */
async function startWatched(databaseUrl: string, natsUrl: string) {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const logger = createLogger({ service: 'test', level: 'info', destination });
  const service = await startSequencer({ config: serviceConfig(databaseUrl, natsUrl), logger });
  return {
    lines,
    metrics: async () => (await fetch(`${service.url}/metrics`)).text(),
    [Symbol.asyncDispose]: () => service.close(),
  };
}

it('a held transaction stalls the horizon: log and metric name its process, age and query, and end with it', async () => {
  await using nats = await startTestNats();
  await using log = await createLog();
  await using watched = await startWatched(log.url, nats.url);
  const held = new pg.Client({ connectionString: log.url, application_name: 'culprit' });
  await held.connect();
  try {
    await held.query('begin');
    await held.query('select pg_current_xact_id()');
    const pid = (held as unknown as { processID: number }).processID;
    await appendTo(log.ledger);
    const stalled = new RegExp(
      `ledger_log_horizon_stalled_seconds\\{.*pid="${pid}",application="culprit",query="select pg_current_xact_id\\(\\)".*\\} [1-9]`,
    );
    await until(async () => stalled.test(await watched.metrics()), { describe: 'the metric' });
    const name = new RegExp(`for their position: process ${pid} \\(culprit, .*\\) has held a transaction open for \\d`);
    const said = () => watched.lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
    await until(() => said().some((line) => name.test(line) && line.includes('select pg_current_xact_id()')), {
      describe: 'the log line',
    });
    await held.query('rollback');
    await until(() => watched.lines.some((line) => line.includes('events get their position again')), {
      describe: 'the end of the stall',
    });
    const named = /ledger_log_horizon_stalled_seconds\{.*application="culprit"/;
    await until(async () => !named.test(await watched.metrics()), { describe: 'the metric to end too' });
    expect(await lastPosition(log.database)).toBe(1);
  } finally {
    await held.end();
  }
});

it('the continuous sample names a head that was changed behind the log’s back, and one whose events cannot be read', async () => {
  await using nats = await startTestNats();
  await using log = await createLog();
  const [revived, unreadable] = [await createSession(log.ledger), await createSession(log.ledger)];
  await createSession(log.ledger);
  const superuser = new pg.Client({ connectionString: log.url });
  await superuser.connect();
  await superuser.query('set session_replication_role = replica');
  await superuser.query(`update ledger.session_head set status = 'revoked' where session_id = $1`, [revived]);
  await superuser.query('update ledger.event set schema_version = 99 where stream_id = $1', [`session:${unreadable}`]);
  await superuser.end();
  await using watched = await startWatched(log.url, nats.url);
  await until(async () => /ledger_heads_differing\{[^}]*\} 2/.test(await watched.metrics()), {
    describe: 'the metric',
  });
  const found = watched.lines
    .map((line) => JSON.parse(line) as { code?: string; kind?: string; id?: string; fields?: string[] })
    .filter(({ code, kind }) => code === 'HEAD_DIFFERS' && kind === 'session')
    .map(({ id, fields }) => [id, fields]);
  expect(Object.fromEntries(found)).toEqual({ [revived]: ['status'], [unreadable]: ['unreadable'] });
  // An unreadable event is a finding, not the end of the leadership.
  await appendTo(log.ledger);
  await until(async () => (await lastPosition(log.database)) === 4, { describe: 'sequencing goes on' });
  expect(watched.lines.filter((line) => line.includes('leading the log'))).toHaveLength(1);
});

it('a log that was altered below a signed checkpoint is signed no more: ROOT_DIFFERS; its sequencing goes on', async () => {
  await using nats = await startTestNats();
  await using log = await createLog();
  const checkpoints = new CheckpointStore(log.database);
  {
    await using _before = await startWatched(log.url, nats.url);
    // More than one stored subtree, so that the altered leaf lies under a cached hash.
    await appendMany(log.ledger, 600);
    await until(async () => (await checkpoints.latest())?.size === 600, { describe: 'signed' });
  }
  const superuser = new pg.Client({ connectionString: log.url });
  await superuser.connect();
  await superuser.query(`
    set session_replication_role = replica;
    update ledger.entry set leaf = sha256(leaf) where position = 100;
    delete from ledger.subtree`);
  await superuser.end();
  await using watched = await startWatched(log.url, nats.url);
  await until(async () => /ledger_log_altered\{[^}]*\} 1/.test(await watched.metrics()), { describe: 'the metric' });
  await until(() => watched.lines.some((line) => line.includes('"code":"ROOT_DIFFERS"')), { describe: 'the log line' });
  await appendTo(log.ledger, randomUUID());
  await until(async () => (await lastPosition(log.database)) === 601, { describe: 'sequencing goes on' });
  expect((await checkpoints.latest())?.size).toBe(600);
});
