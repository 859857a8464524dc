import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { Database } from '#libs/database';
import { createTestDatabase, rowsRead, type TestDatabase } from '#libs/testing';
import { createHeads } from './heads.js';
import { listSessionHeads, type SessionFilter } from './list-sessions.js';

const DEAD = 20_000;
/** Of each agent. */
const LIVE = 30;
const PAGE = 10;
const LOWEST = '00000000-0000-0000-0000-000000000000';
const HIGHEST = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
const AGENTS = [randomUUID(), randomUUID()] as const;

/** Heads of both agents in turn, by their number and their status. */
const FILL = `
  insert into ledger.session_head
  select gen_random_uuid(), ($3::uuid[])[n % 2 + 1], 'courier', $2, 1, 1, '{}', '{}', '', 3600, 1, 4000000000, 4000000000, null, 0, 600,
    null, true, '{}', null, '{}', 1, false, null, null
  from generate_series(1, $1::int) n`;

let place: TestDatabase;
let owner: pg.Client;
/** One connection: the counts below are those of its own session. */
let database: Database;

beforeAll(async () => {
  place = await createTestDatabase();
  owner = new pg.Client({ connectionString: place.url });
  await owner.connect();
  database = await Database.open({ url: place.url, applicationName: 'live sessions spec', poolSize: 1 });
  // A plan that is kept was made while the table was small.
  await owner.query(FILL, [2 * LIVE, 'active', AGENTS]);
  await owner.query('vacuum analyze ledger.session_head');
  for (let use = 0; use < 7; use += 1) for (const [, read] of READS) await read();
  for (const status of ['expired', 'revoked']) await owner.query(FILL, [DEAD / 2, status, AGENTS]);
});
afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  await owner?.end();
  await place?.[Symbol.asyncDispose]();
});

function live(filter: Partial<SessionFilter> = {}): Promise<unknown[]> {
  const all = { agentIds: null, from: LOWEST, to: HIGHEST, newestFirst: true, limit: PAGE } as const;
  return listSessionHeads(database, { ...all, standing: 'live', ...filter });
}

const READS: [string, () => Promise<unknown[]>, number][] = [
  ['a page of live sessions, newest first', () => live(), PAGE],
  ['a page of live sessions, oldest first', () => live({ newestFirst: false }), PAGE],
  ['a page of an agent’s live sessions', () => live({ agentIds: [AGENTS[0]] }), PAGE],
  ['a page of the live sessions of many agents', () => live({ agentIds: AGENTS }), PAGE],
  ['what is active of an agent', () => createHeads(database).activeSessions(AGENTS[1]), LIVE],
];

/** Rows of ledger.session_head that `work` fetches, and entries of its indexes that it reads. */
async function headsRead(work: () => Promise<unknown>): Promise<number> {
  const before = await rowsRead(database, 'ledger.session_head');
  await work();
  return (await rowsRead(database, 'ledger.session_head')) - before;
}

describe.each([
  ['just died', () => Promise.resolve()],
  ['died long ago', () => owner.query('vacuum analyze ledger.session_head')],
])('sessions that %s', (_, prepare) => {
  beforeAll(prepare);

  it.each(READS)('are not read for %s', async (_name, read, found) => {
    for (let use = 0; use < 7; use += 1) {
      // Of each row its entry in the index and itself; pages of two agents are made of a page of each.
      expect(await headsRead(read)).toBeLessThan(5 * found);
    }
    expect(await read()).toHaveLength(found);
  });
});
