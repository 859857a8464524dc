import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sessionStream } from '#libs/contracts';
import { Database } from '#libs/database';
import { createTestDatabase, type TestDatabase } from '#libs/testing';
import {
  appendWithin,
  createLedger,
  type AppendRequest,
  type Ledger,
  type NewEvent,
  type SessionHead,
} from '../index.js';

/** Epoch seconds: long past, and ever later. */
const PAST = 1_000;
const SOON = 4_000_000_000;
const LATER = SOON + 1_000;
const LATEST = LATER + 1_000;

let place: TestDatabase;
let database: Database;
let ledger: Ledger;

beforeAll(async () => {
  place = await createTestDatabase();
  database = await Database.open({ url: place.url, applicationName: 'standing due spec', poolSize: 4 });
  ledger = createLedger(database);
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

function head(sessionId: string, version: number, dueAt: number | null): SessionHead {
  return {
    sessionId,
    agentId: sessionId,
    agentName: 'courier',
    status: dueAt === null ? 'revoked' : 'active',
    version,
    generation: version,
    tokenHeader: '{"kid":"k"}',
    tokenPayload: '{}',
    tokenHash: String(version).padStart(64, '0'),
    expiresIn: 3600,
    issuedAt: version,
    expiresAt: 3600 + version,
    absoluteExpiresAt: LATEST,
    maxRenewals: null,
    renewalCount: version - 1,
    renewalRejectWindow: 600,
    rejectWindowEndsAt: null,
    previousTokenAccepted: true,
    constraints: {},
    reason: null,
    labels: {},
    createdAt: 1,
    expiringSoonAnnounced: false,
    overdueGeneration: null,
    dueAt,
  };
}

function change(sessionId: string, version: number, dueAt: number | null): AppendRequest {
  const event = { id: randomUUID(), time: Date.now(), type: 'TokenHandedOver', data: { sessionId, generation: 1 } };
  return {
    streams: [{ streamId: sessionStream(sessionId), expectedVersion: version - 1, events: [event as NewEvent] }],
    heads: { sessions: [head(sessionId, version, dueAt)] },
    actor: 'owner',
    requestId: 'due',
  };
}

async function dueOf(sessionId: string): Promise<number | null | undefined> {
  const text = 'select due_at from ledger.session_head where session_id = $1';
  const [row] = await database.query<{ due_at: number | null }>(text, [sessionId]);
  return row?.due_at;
}

/** By `ledger.append` alone, and by `ledger.append_together` beside another. */
const WAYS: [string, (request: AppendRequest) => Promise<unknown>][] = [
  ['alone', (request) => ledger.append(request)],
  [
    'with others',
    async (request) => {
      const other = randomUUID();
      await ledger.append(change(other, 1, SOON));
      await Promise.all([ledger.append(request), ledger.append(change(other, 2, SOON))]);
    },
  ],
];

describe.each(WAYS)('when the sweep looks at a session that is changed %s', (_, append) => {
  it.each([
    ['a later time leaves the earlier one standing', SOON, LATER, SOON],
    ['an earlier time takes its place', LATER, SOON, SOON],
    ['a time that has come is replaced', PAST, LATER, LATER],
    ['the end takes it away', SOON, null, null],
  ])('%s', async (_name, standing, next, expected) => {
    const id = randomUUID();
    await ledger.append(change(id, 1, standing));
    expect(await dueOf(id)).toBe(standing);
    await append(change(id, 2, next));
    expect(await dueOf(id)).toBe(expected);
    expect((await database.query('select version from ledger.session_head where session_id = $1', [id]))[0]).toEqual({
      version: 2,
    });
  });
});

describe('a change that puts the next look off', () => {
  it('is a heap-only update: no index entry is written', async () => {
    const id = randomUUID();
    await ledger.append(change(id, 1, SOON));
    const [before, after] = await database.transaction(async (client) => {
      const updates = async () => {
        const { rows } = await client.query<{ all: number; hot: number }>(
          `select pg_stat_get_xact_tuples_updated(c)::int as all, pg_stat_get_xact_tuples_hot_updated(c)::int as hot
           from cast('ledger.session_head'::regclass as oid) c`,
        );
        return rows[0] ?? { all: NaN, hot: NaN };
      };
      const earlier = await updates();
      await appendWithin(client, change(id, 2, LATER));
      return [earlier, await updates()];
    });
    expect([after.all - before.all, after.hot - before.hot]).toEqual([1, 1]);
  });

  it('is put off by the sweep for each session that has not changed since', async () => {
    const [same, changed, ended] = [randomUUID(), randomUUID(), randomUUID()];
    for (const id of [same, changed, ended]) await ledger.append(change(id, 1, SOON));
    await ledger.append(change(changed, 2, SOON));
    await ledger.append(change(ended, 2, null));
    await ledger.putOffDue([same, changed, ended].map((id) => head(id, 1, LATER)));
    expect(await Promise.all([same, changed, ended].map(dueOf))).toEqual([LATER, SOON, null]);
    await ledger.putOffDue([head(same, 1, SOON)]);
    expect(await dueOf(same)).toBe(LATER);
  });

  it('is not waited for: a row that is being changed is left to the next look', async () => {
    const id = randomUUID();
    await ledger.append(change(id, 1, SOON));
    await database.transaction(async (client) => {
      await appendWithin(client, change(id, 2, LATER));
      await ledger.putOffDue([head(id, 1, LATER)]);
    });
    expect(await dueOf(id)).toBe(SOON);
  });
});
