import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { sessionStream, SYSTEM_STREAM } from '#libs/contracts';
import { Database } from '#libs/database';
import { EMPTY_STREAM_HEAD, leafHash, nextStreamHead, toMicros } from '#libs/proof';
import { createTestDatabase, rowsRead, type TestDatabase } from '#libs/testing';
import { sessionRows, type RowOf } from '../heads/head-rows.js';
import {
  createLedger,
  KillSwitchActive,
  SigningKeyRevoked,
  VersionConflict,
  type AppendRequest,
  type AppendResult,
  type Ledger,
  type NewEvent,
  type SessionHead,
} from '../index.js';

const MANY = 60;
/** Sessions that a table has gained since it was planned for. */
const GAINED = 5_000;
/** Rows and entries for one append: its own, and what earlier changes of them left behind. */
const MOST_READ = 100;

let place: TestDatabase;
let database: Database;
let ledger: Ledger;

beforeAll(async () => {
  place = await createTestDatabase();
  database = await Database.open({ url: place.url, applicationName: 'append together spec', poolSize: 10 });
  ledger = createLedger(database);
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

function head(sessionId: string, version: number, more: Partial<SessionHead> = {}): SessionHead {
  return {
    sessionId,
    agentId: sessionId,
    agentName: 'courier',
    status: 'active',
    version,
    generation: version - 1,
    tokenHeader: '{"kid":"k1"}',
    tokenPayload: `{"gen":${version - 1}}`,
    tokenHash: String(version).padStart(64, 'a'),
    expiresIn: 3600,
    issuedAt: 1000 + version,
    expiresAt: 4600 + version,
    absoluteExpiresAt: 100_000,
    maxRenewals: 30,
    renewalCount: version - 1,
    renewalRejectWindow: 600,
    rejectWindowEndsAt: version === 1 ? null : 1600 + version,
    previousTokenAccepted: true,
    constraints: { allowedOperations: ['a'] },
    reason: 'ä',
    labels: {},
    createdAt: 1000,
    expiringSoonAnnounced: false,
    overdueGeneration: null,
    dueAt: 2000 + version,
    ...more,
  };
}

function event(sessionId: string, generation: number): NewEvent {
  return { id: randomUUID(), time: Date.now(), type: 'TokenHandedOver', data: { sessionId, generation } } as NewEvent;
}

function change(sessionId: string, version: number, more: Partial<SessionHead> = {}): AppendRequest {
  return {
    streams: [
      { streamId: sessionStream(sessionId), expectedVersion: version - 1, events: [event(sessionId, version - 1)] },
    ],
    heads: { sessions: [head(sessionId, version, more)] },
    actor: `agent:${sessionId}`,
    requestId: `☃ ${version}`,
  };
}

async function sessions(count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID());
  await Promise.all(ids.map((id) => ledger.append(change(id, 1))));
  return ids;
}

async function headOf(id: string): Promise<SessionHead | null> {
  const rows = await database.query<RowOf<SessionHead>>('select * from ledger.session_head where session_id = $1', [
    id,
  ]);
  return rows[0] ? sessionRows.fromRow(rows[0]) : null;
}

async function transactions(ids: string[], version: number): Promise<number> {
  const [row] = await database.query<{ n: number }>(
    'select count(distinct txid)::int as n from ledger.event where stream_id = any($1) and version = $2',
    [ids.map(sessionStream), version],
  );
  return row?.n ?? 0;
}

function refusals(results: PromiseSettledResult<AppendResult>[]): unknown[] {
  return results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
}

describe('appends that come in at once', () => {
  it('share transactions, and each leaves the leaf, the chain and the head that it would leave alone', async () => {
    const ids = await sessions(MANY);
    const results = await Promise.all(ids.map((id) => ledger.append(change(id, 2))));
    expect(await transactions(ids, 2)).toBeLessThan(MANY / 4);
    for (const [index, id] of ids.entries()) {
      const stored = await ledger.readStream(sessionStream(id));
      expect(stored).toMatchObject([{ version: 1 }, { version: 2, actor: `agent:${id}`, requestId: '☃ 2' }]);
      let chain = EMPTY_STREAM_HEAD;
      for (const one of stored) {
        const leaf = leafHash({ ...one, micros: toMicros(one.time) });
        expect(one.leaf).toBe(leaf.toString('hex'));
        chain = nextStreamHead(chain, leaf);
      }
      expect(results[index]).toEqual({
        replayed: false,
        streams: [{ streamId: sessionStream(id), firstVersion: 2, lastVersion: 2, head: chain.toString('hex') }],
      });
      expect(await headOf(id)).toEqual(head(id, 2));
    }
  });

  it('lets one of many win a version, beside others that all win theirs', async () => {
    const [contended = '', ...others] = await sessions(MANY / 2);
    const results = await Promise.allSettled(
      others.flatMap((id) => [ledger.append(change(id, 2)), ledger.append(change(contended, 2))]),
    );
    const lost = refusals(results);
    expect(lost).toHaveLength(others.length - 1);
    for (const error of lost) {
      expect(error).toBeInstanceOf(VersionConflict);
      expect(error).toMatchObject({ streamId: sessionStream(contended), expected: 1, actual: 2 });
    }
    expect(await ledger.readStream(sessionStream(contended))).toHaveLength(2);
  });

  it('go one after the other where they append at the end of one stream, without deadlock across processes', async () => {
    const ids = await sessions(6);
    await using second = await Database.open({ url: place.url, applicationName: 'second', poolSize: 10 });
    const both = [ledger, createLedger(second)];
    const appends = Array.from({ length: 120 }, (_, n) => {
      const id = ids[n % ids.length] as string;
      const streams = [{ streamId: sessionStream(id), expectedVersion: null, events: [event(id, 0)] }];
      return (both[n % 2] as Ledger).append({ streams, actor: 'a', requestId: 'r' });
    });
    await Promise.all(appends);
    for (const id of ids) expect(await ledger.readStream(sessionStream(id))).toHaveLength(21);
  });

  it('are all refused by the kill switch, and nothing of them is written', async () => {
    const ids = await sessions(10);
    const turn = (active: boolean) =>
      ledger.append({
        streams: [{ streamId: SYSTEM_STREAM, expectedVersion: null, events: [] }],
        heads: { killSwitch: { active, reason: 'drill', changedAt: 1 } },
        actor: 'owner',
        requestId: 'switch',
        duringKillSwitch: true,
      });
    await turn(true);
    try {
      const lost = refusals(await Promise.allSettled(ids.map((id) => ledger.append(change(id, 2)))));
      expect(lost).toHaveLength(ids.length);
      for (const error of lost) expect(error).toBeInstanceOf(KillSwitchActive);
    } finally {
      await turn(false);
    }
    expect(await transactions(ids, 2)).toBe(0);
  });

  it('fail alone: a token signed with a revoked key takes no other append with it', async () => {
    const [bad = '', ...good] = await sessions(10);
    await database.query(
      `insert into ledger.signing_key (kid, public_key, created_at, revoked_at) values ('revoked', '{}', 1, 2)`,
    );
    const results = await Promise.allSettled([
      ...good.map((id) => ledger.append(change(id, 2))),
      ledger.append(change(bad, 2, { tokenHeader: '{"kid":"revoked"}' })),
    ]);
    expect(refusals(results)).toEqual([expect.any(SigningKeyRevoked)]);
    expect(results.at(-1)?.status).toBe('rejected');
    expect(await ledger.readStream(sessionStream(bad))).toHaveLength(1);
    for (const id of good) expect((await headOf(id))?.version).toBe(2);
  });

  it('write the head of a session that has none', async () => {
    const ids = await sessions(4);
    const admin = new pg.Client({ connectionString: place.url });
    await admin.connect();
    await admin.query('delete from ledger.session_head where session_id = $1', [ids[0]]);
    await admin.end();
    await Promise.all(ids.map((id) => ledger.append(change(id, 2))));
    for (const id of ids) expect(await headOf(id)).toEqual(head(id, 2));
  });
});

/** As if so many sessions had been made meanwhile. */
async function fill(owner: pg.Client, count: number): Promise<void> {
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

/** Rows of heads and streams that the connection has fetched so far, and entries of their indexes that it has read. */
async function read(database: Database): Promise<number> {
  return rowsRead(database, 'ledger.session_head', 'ledger.stream');
}

it('appends that come in at once read the heads and streams of their own sessions alone, however many there are', async () => {
  await using fresh = await createTestDatabase();
  // One connection: what it has planned for few sessions, it uses for many.
  await using single = await Database.open({ url: fresh.url, applicationName: 'append cost', poolSize: 1 });
  const owner = new pg.Client({ connectionString: fresh.url });
  await owner.connect();
  await using _owner = { [Symbol.asyncDispose]: () => owner.end() };
  const own = createLedger(single);
  const ids = Array.from({ length: 16 }, () => randomUUID());
  let version = 0;
  const appendToAll = async () => {
    version += 1;
    await Promise.all(ids.map((id) => own.append(change(id, version))));
  };
  await appendToAll();
  const prepared = [
    () => Promise.resolve(),
    () => fill(owner, GAINED),
    () => owner.query('analyze ledger.session_head').then(() => fill(owner, GAINED)),
    () => owner.query('vacuum analyze'),
  ];
  for (const prepare of prepared) {
    await prepare();
    for (let use = 0; use < 7; use += 1) {
      const before = await read(single);
      await appendToAll();
      expect((await read(single)) - before).toBeLessThan(ids.length * MOST_READ);
    }
  }
});
