import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { sessionStream } from '#libs/contracts';
import { Database } from '#libs/database';
import { createTestDatabase, type TestDatabase } from '#libs/testing';
import { createLedger, type AppendRequest, type Ledger, type NewEvent, type SessionHead } from '../index.js';

const AT_ONCE = 16;
const MANY = 5_000;

let place: TestDatabase;
/** One connection: what it has planned for few sessions, it uses for many. */
let database: Database;
let ledger: Ledger;
let owner: pg.Client;
const versions = new Map(Array.from({ length: AT_ONCE }, () => [randomUUID() as string, 0]));

beforeAll(async () => {
  place = await createTestDatabase();
  database = await Database.open({ url: place.url, applicationName: 'append cost spec', poolSize: 1 });
  ledger = createLedger(database);
  owner = new pg.Client({ connectionString: place.url });
  await owner.connect();
});

afterAll(async () => {
  await owner?.end();
  await database?.[Symbol.asyncDispose]();
  await place?.[Symbol.asyncDispose]();
});

/** One event to each session, all at once. */
async function appendToAll(): Promise<void> {
  await Promise.all([...versions].map(([id, version]) => ledger.append(change(id, version + 1))));
  for (const [id, version] of versions) versions.set(id, version + 1);
}

function change(sessionId: string, version: number): AppendRequest {
  const head: SessionHead = {
    sessionId,
    agentId: sessionId,
    agentName: 'courier',
    status: 'active',
    version,
    generation: 0,
    tokenHeader: '{}',
    tokenPayload: '{}',
    tokenHash: String(version),
    expiresIn: 3600,
    issuedAt: 1000,
    expiresAt: 4600,
    absoluteExpiresAt: 100_000,
    maxRenewals: null,
    renewalCount: 0,
    renewalRejectWindow: 600,
    rejectWindowEndsAt: null,
    previousTokenAccepted: true,
    constraints: {},
    reason: null,
    labels: {},
    createdAt: 1000,
    expiringSoonAnnounced: false,
    overdueGeneration: null,
    dueAt: null,
  };
  const data = { sessionId, generation: 0 };
  const event = { id: randomUUID(), time: Date.now(), type: 'TokenHandedOver', data } as NewEvent;
  const streams = [{ streamId: sessionStream(sessionId), expectedVersion: version - 1, events: [event] }];
  return { streams, heads: { sessions: [head] }, actor: 'a', requestId: 'r' };
}

/** As if so many sessions had been made meanwhile. */
async function fill(count: number): Promise<void> {
  await owner.query(
    `insert into ledger.session_head
     select made.* from (select to_jsonb(h) as head from ledger.session_head h limit 1) one
     cross join generate_series(1, $1) n
     cross join lateral jsonb_populate_record(
       null::ledger.session_head, head || jsonb_build_object('session_id', gen_random_uuid(), 'created_at', n)
     ) made`,
    [count],
  );
}

/** Rows of heads and streams that this connection has fetched so far, and entries of their indexes that it has read. */
async function read(): Promise<number> {
  await database.query('select pg_stat_force_next_flush()');
  const [row] = await database.query<{ n: number }>(
    `select sum(t.seq_tup_read + t.idx_tup_fetch + (
       select sum(i.idx_tup_read) from pg_stat_user_indexes i where i.relid = t.relid
     ))::int as n
     from pg_stat_user_tables t where t.schemaname = 'ledger' and t.relname in ('session_head', 'stream')`,
  );
  return row?.n ?? 0;
}

async function readBy(work: () => Promise<unknown>): Promise<number> {
  const before = await read();
  await work();
  return (await read()) - before;
}

describe('appends that are written together, however many sessions there are', () => {
  it.each([
    ['planned for few', () => appendToAll()],
    ['of unmeasured tables', () => fill(MANY)],
    ['of more than were measured', () => owner.query('analyze ledger.session_head').then(() => fill(MANY))],
    ['of measured tables', () => owner.query('vacuum analyze')],
  ])('read the heads and streams of their own sessions alone: %s', async (_, prepare) => {
    await prepare();
    for (let use = 0; use < 7; use += 1) expect(await readBy(appendToAll)).toBeLessThan(AT_ONCE * 20);
  });
});
