import { mkdtempSync, readFileSync } from 'node:fs';
import { get, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { loadConfig } from '#libs/platform';
import { createTestDatabase, startTestNats, type TestDatabase, testLogger, type TestNats } from '#libs/testing';
import { startApi, type RunningApiService } from '../../apps/api/src/start-api.js';
import { bytesInUse } from './bytes-in-use.js';

const EVENTS = Number(process.env['EXPORT_EVENTS'] ?? 20_000);
/** Of each event's data. */
const PADDING_BYTES = 2_000;
const MEBIBYTE = 2 ** 20;
/** What a stalled export may keep: a few batches of 500 events. Sockets keep some megabytes besides, outside the process. */
const BOUND = 16 * MEBIBYTE;

/** A log of large events as its readers have it. Leaves are no real ones: no sequencer runs here. */
const FILL = `insert into ledger.event (epoch, stream_id, version, event_id, type, schema_version, occurred_at, actor, request_id, payload, leaf)
   select 1, 'agent:sample', n, gen_random_uuid(), 'KillSwitchActivated', 1, timestamptz '2026-01-01' + n * interval '1 second', 'owner',
     'sample', '{"reason":"' || repeat('x', ${PADDING_BYTES}) || '"}', sha256(n::text::bytea)
   from generate_series($1::int, $2::int) n`;
/** Events of one statement: while it runs, no event of any database of the cluster gets its place. */
const AT_ONCE = 2_000;
const REST = [
  `insert into read_model.audit_g1 (position, occurred_at, stream_id, version, type, actor)
   select version, occurred_at, stream_id, version, type, actor from ledger.event where stream_id = 'agent:sample'`,
  'analyze',
];

let database: TestDatabase;
let nats: TestNats;
let api: RunningApiService;
let headers: Record<string, string>;
let client: pg.Client;

beforeAll(async () => {
  database = await createTestDatabase();
  nats = await startTestNats();
  const config = loadConfig({
    LEDGER_DATA_DIR: mkdtempSync(join(tmpdir(), 'export-')),
    DATABASE_URL: database.url,
    NATS_URL: nats.url,
    LEDGER_PORT: '0',
  });
  api = await startApi({ config, logger: testLogger('test') });
  headers = { 'x-master-password': readFileSync(config.ownerKeyFile, 'utf8').trim() };
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query('set session_replication_role = replica');
  for (let made = 0; made < EVENTS; made += AT_ONCE)
    await client.query(FILL, [made + 1, Math.min(made + AT_ONCE, EVENTS)]);
  for (const statement of REST) await client.query(statement);
});
afterAll(async () => {
  await client?.end();
  await api?.close();
  await nats?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

/** An export whose head has come; nothing of its body is read until somebody does. */
function begun(): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(`${api.url}/v1/audit/export`, { headers, agent: false }, resolve).on('error', reject);
  });
}

/** Reads an export to its end. */
async function readAll(answer: IncomingMessage): Promise<{ bytes: number; lines: number }> {
  let bytes = 0;
  let lines = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1;
  }
  expect(answer.complete).toBe(true);
  return { bytes, lines };
}

describe('GET /v1/audit/export', () => {
  it('reads no further than its client does: a stalled one costs little memory and no transaction, and loses nothing', async () => {
    const { bytes, lines } = await readAll(await begun());
    expect(lines).toBe(EVENTS);
    expect(bytes).toBeGreaterThan(2.5 * BOUND * Math.min(1, EVENTS / 20_000));

    const before = await bytesInUse();
    const stalled = await begun();
    try {
      // As long as a whole export takes: one that read ahead would have it all in memory by then.
      expect(await readAll(await begun())).toEqual({ bytes, lines });
      const grown = (await bytesInUse()) - before;
      process.stdout.write(
        `a stalled export of ${(bytes / MEBIBYTE).toFixed(0)} MiB: ${(grown / MEBIBYTE).toFixed(1)} MiB more in use\n`,
      );
      expect(grown).toBeLessThan(BOUND);
      const { rows } = await client.query<{ open: number }>(
        `select count(*)::int as open from pg_stat_activity where state like 'idle in transaction%' and datname = current_database()`,
      );
      expect(rows[0]?.open).toBe(0);
      expect(await readAll(stalled)).toEqual({ bytes, lines });
    } finally {
      stalled.destroy();
    }
  });
});

/** The head of an answer, as `curl -I` asks for it. */
function headOf(path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(`${api.url}${path}`, { method: 'HEAD', headers, agent: false }, resolve).on('error', reject).end();
  });
}

describe.each([
  ['/v1/audit/export', /read_model\.audit/],
  ['/v1/audit/log', /ledger\.log_key/],
])('HEAD %s', (path, readFirst) => {
  it('is no method of that path, and begins to read nothing', async () => {
    // The api runs in this process: whatever it asks of the database goes through here.
    const asked = jest.spyOn(pg.Client.prototype, 'query');
    try {
      const { statusCode, headers: answered } = await headOf(path);
      const reads = asked.mock.calls.filter((call) => readFirst.test(JSON.stringify(call[0])));
      expect(reads).toEqual([]);
      expect([statusCode, answered['allow']]).toEqual([405, 'GET']);
    } finally {
      asked.mockRestore();
    }
  });
});
