import { chmodSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import pg from 'pg';
import type { Problem } from '#libs/contracts';
import { EmbeddedPostgres } from '#libs/embedded';
import { testEnvironment, until } from '#libs/testing';
import { RunningApi, type Reply } from '../../api/running-api.js';
import { fullWalOf } from './full-wal.js';

const TIMEOUT_MS = 150_000;

/** Streams whose row does not say what their events say, and heads that are not at their stream's version. */
const HALF_WRITTEN = `
  select stream_id from ledger.stream s left join ledger.event e using (stream_id)
  group by stream_id, s.version having count(e.version) <> s.version or max(e.version) is distinct from s.version
  union all
  select h.session_id::text from ledger.session_head h left join ledger.stream s
    on s.stream_id = 'session:' || h.session_id where s.version is distinct from h.version`;

it('no room for the write-ahead log: PostgreSQL falls, nothing is half-written, and all go on by themselves once there is room', async () => {
  const dataDir = mkdtempSync(join(testEnvironment().runDir, 'postgres', 'wal-full-'));
  // As root, PostgreSQL's user must pass it: the cluster then goes with the run.
  chmodSync(dataDir, 0o711);
  await using postgres = await EmbeddedPostgres.start({ dataDir, database: 'full' });
  const { url } = postgres;
  await using running = await RunningApi.start({ DATABASE_URL: url });
  const agent = await running.agent();
  const create = (key: string): Promise<Reply<Partial<Problem> & { id?: string }>> => {
    const headers = { ...running.ownerHeaders, 'idempotency-key': key };
    return running.call('POST', '/v1/sessions', headers, { agentId: agent.id });
  };
  const created = async (key: string) => {
    const { status, body } = await create(key);
    return status === 201 ? body.id : null;
  };
  const before = await create('before');
  expect(before.status).toBe(201);

  const disk = await fullWalOf(postgres);
  for (const key of ['first', 'second', 'first']) {
    const { status, body } = await create(key);
    expect([status, body.code, body.retryable]).toEqual([503, 'UPSTREAM_UNAVAILABLE', true]);
    // Nobody knows whether a commit that the server died in was written.
    expect(body.detail ?? '').not.toContain('Nothing of this was recorded');
    expect(body.hint).toContain('repeat it with the same Idempotency-Key');
  }
  await disk.makeRoom();
  const once = await until(() => created('first').catch(() => null), {
    timeoutMs: TIMEOUT_MS,
    describe: 'the api to work again',
  });
  const other = await until(() => created('second').catch(() => null), {
    timeoutMs: TIMEOUT_MS,
    describe: 'a session',
  });
  for (const [key, id] of [
    ['first', once],
    ['before', before.body.id],
  ] as const) {
    expect(await until(() => created(key).catch(() => null), { describe: `the answer to ${key} again` })).toBe(id);
  }

  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows: wrong } = await client.query(HALF_WRITTEN);
  const { rows: sessions } = await client.query<{ id: string }>(
    'select session_id::text as id from ledger.session_head',
  );
  const { rows: counted } = await client.query<{ n: number }>('select count(*)::int as n from ledger.event');
  await client.end();
  expect(wrong).toEqual([]);
  expect(sessions.map(({ id }) => id).sort()).toEqual([before.body.id, once, other].sort());
  // The log's leader is back as well: every event has its place, without a hole.
  const newest = async () => {
    const { body } = await running.call<{ items?: { position: number }[] }>('GET', '/v1/audit', running.ownerHeaders);
    return body.items?.[0]?.position === counted[0]?.n;
  };
  await until(newest, { timeoutMs: TIMEOUT_MS, describe: 'the log to have them all' });
}, 600_000);
