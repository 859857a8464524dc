import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { agentStream, SYSTEM_STREAM } from '#libs/contracts';
import { Database } from '#libs/database';
import { EMPTY_STREAM_HEAD, leafHash, nextStreamHead, toMicros } from '#libs/proof';
import { createTestDatabase, type TestDatabase } from '#libs/testing';
import {
  createLedger,
  IdempotencyMismatch,
  InvalidAppend,
  KillSwitchActive,
  MAX_PAYLOAD_BYTES,
  NameTaken,
  VersionConflict,
  type AppendRequest,
  type Ledger,
  type NewEvent,
} from '../index.js';

let place: TestDatabase;
let database: Database;
let ledger: Ledger;

beforeAll(async () => {
  place = await createTestDatabase();
  database = await Database.open({ url: place.url, applicationName: 'append spec', poolSize: 20 });
  ledger = createLedger(database);
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

function enabled(agentId: string, time = Date.now()): NewEvent {
  return { id: randomUUID(), time, type: 'AgentEnabled', data: { agentId } };
}

function request(agentId: string, expectedVersion: number | null, more: Partial<AppendRequest> = {}): AppendRequest {
  const streams = [{ streamId: agentStream(agentId), expectedVersion, events: [enabled(agentId)] }];
  return { streams, actor: 'owner', requestId: 'request-1', ...more };
}

async function count(): Promise<number> {
  const [row] = await database.query<{ n: number }>('select count(*)::int as n from ledger.event');
  return row?.n ?? 0;
}

describe('append', () => {
  it('stores the event, and its leaf and head are those that an auditor computes', async () => {
    const agentId = randomUUID();
    const data = { agentId, name: `ä ☃ ${agentId}`, defaultConstraints: { allowedOperations: ['b', 'a'] } };
    const event: NewEvent = { id: randomUUID(), time: 1_790_000_000_123, type: 'AgentRegistered', data };
    const streams = [
      { streamId: agentStream(agentId), expectedVersion: 0, events: [event, enabled(agentId, event.time)] },
    ];
    const result = await ledger.append({ streams, actor: 'key:1,2:3', requestId: 'é' });
    const stored = await ledger.readStream(agentStream(agentId));
    expect(stored.map(({ version, data }) => [version, data])).toEqual([
      [1, data],
      [2, { agentId }],
    ]);
    let head = EMPTY_STREAM_HEAD;
    for (const one of stored) {
      const leaf = leafHash({ ...one, micros: toMicros(one.time) });
      expect(one.leaf).toBe(leaf.toString('hex'));
      head = nextStreamHead(head, leaf);
    }
    expect(result).toEqual({
      replayed: false,
      streams: [{ streamId: agentStream(agentId), firstVersion: 1, lastVersion: 2, head: head.toString('hex') }],
    });
  });

  it('lets one of many win a version and tells the others the actual one', async () => {
    const agentId = randomUUID();
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => ledger.append(request(agentId, 0))));
    const lost = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    expect(lost).toHaveLength(19);
    for (const error of lost) {
      expect(error).toBeInstanceOf(VersionConflict);
      expect(error).toMatchObject({ streamId: agentStream(agentId), expected: 0, actual: 1 });
    }
  });

  it('refuses an expected version from the future', async () => {
    await expect(ledger.append(request(randomUUID(), 7))).rejects.toMatchObject({ expected: 7, actual: 0 });
  });

  it('answers a repeated command with its first answer, also when asked many times at once', async () => {
    const before = await count();
    const answers = await Promise.all(
      // Each repetition makes new ids, as a retried create does.
      Array.from({ length: 12 }, () => {
        const idempotency = { scope: 'POST /v1/agents', key: 'same-key', fingerprint: Buffer.from('the command') };
        return ledger.append(request(randomUUID(), 0, { idempotency }));
      }),
    );
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(new Set(answers.map(({ streams }) => JSON.stringify(streams))).size).toBe(1);
    expect(await count()).toBe(before + 1);
  });

  it('refuses the same key with another command', async () => {
    const idempotency = (text: string) => ({ scope: 's', key: 'k', fingerprint: Buffer.from(text) });
    await ledger.append(request(randomUUID(), 0, { idempotency: idempotency('one') }));
    const second = ledger.append(request(randomUUID(), 0, { idempotency: idempotency('two') }));
    await expect(second).rejects.toBeInstanceOf(IdempotencyMismatch);
  });

  it('appends over several streams from all sides without deadlock', async () => {
    const agents = Array.from({ length: 6 }, () => randomUUID());
    const orders = Array.from({ length: 40 }, (_, round) => [
      ...agents.slice(round % 6),
      ...agents.slice(0, round % 6),
    ]);
    await Promise.all(
      orders.map((order) =>
        ledger.append({
          streams: order.map((id) => ({ streamId: agentStream(id), expectedVersion: null, events: [enabled(id)] })),
          actor: 'owner',
          requestId: 'many',
        }),
      ),
    );
    for (const id of agents) expect(await ledger.readStream(agentStream(id))).toHaveLength(orders.length);
  });

  it('writes nothing of an append that conflicts in its second stream', async () => {
    const [first, second] = [randomUUID(), randomUUID()];
    const before = await count();
    const failed = ledger.append({
      streams: [
        { streamId: agentStream(first), expectedVersion: 0, events: [enabled(first)] },
        { streamId: agentStream(second), expectedVersion: 3, events: [enabled(second)] },
      ],
      actor: 'owner',
      requestId: 'half',
    });
    await expect(failed).rejects.toBeInstanceOf(VersionConflict);
    expect(await count()).toBe(before);
  });

  it('never lets time go back within a stream when the clock steps back', async () => {
    const agentId = randomUUID();
    const at = Date.now();
    for (const time of [at, at - 3_600_000, at + 1]) {
      const streams = [{ streamId: agentStream(agentId), expectedVersion: null, events: [enabled(agentId, time)] }];
      await ledger.append({ streams, actor: 'owner', requestId: 'clock' });
    }
    const times = (await ledger.readStream(agentStream(agentId))).map(({ time }) => Date.parse(time));
    expect(times).toEqual([at, at, at + 1]);
  });

  it('keeps its head rows, and refuses a head that is not its stream’s', async () => {
    const agentId = randomUUID();
    const head = { agentId, name: agentId, enabled: true, defaultConstraints: {}, createdAt: 1, version: 1 };
    await ledger.append(request(agentId, 0, { heads: { agents: [head] } }));
    expect(await ledger.agent(agentId)).toEqual(head);
    const stale = ledger.append(request(agentId, 1, { heads: { agents: [head] } }));
    await expect(stale).rejects.toBeInstanceOf(InvalidAppend);
    const taken = { ...head, agentId: randomUUID() };
    await expect(ledger.append(request(taken.agentId, 0, { heads: { agents: [taken] } }))).rejects.toBeInstanceOf(
      NameTaken,
    );
  });

  it('stops at the kill switch, except what may go on', async () => {
    const change = (active: boolean): AppendRequest => ({
      streams: [{ streamId: SYSTEM_STREAM, expectedVersion: null, events: [] }],
      heads: { killSwitch: { active, reason: 'drill', changedAt: 1 } },
      actor: 'owner',
      requestId: 'switch',
      duringKillSwitch: true,
    });
    await ledger.append(change(true));
    try {
      await expect(ledger.append(request(randomUUID(), 0))).rejects.toBeInstanceOf(KillSwitchActive);
      await ledger.append(request(randomUUID(), 0, { duringKillSwitch: true }));
    } finally {
      await ledger.append(change(false));
    }
    await ledger.append(request(randomUUID(), 0));
  });

  it.each([
    ['an unknown event type', { type: 'SessionSold' }],
    ['a payload over the limit', { data: { agentId: 'x'.repeat(MAX_PAYLOAD_BYTES) } }],
  ])('refuses %s before anything is written', async (_, change) => {
    const agentId = randomUUID();
    const before = await count();
    const event = { ...enabled(agentId), ...change } as NewEvent;
    const streams = [{ streamId: agentStream(agentId), expectedVersion: 0, events: [event] }];
    await expect(ledger.append({ streams, actor: 'a', requestId: 'r' })).rejects.toBeInstanceOf(InvalidAppend);
    expect(await count()).toBe(before);
  });

  it.each(['agent:a.b', 'agent:*', 'agent:>', 'agent:a b', 'Agent:a', '', `agent:${'x'.repeat(65)}`])(
    'refuses the stream id %j',
    async (streamId) => {
      const streams = [{ streamId, expectedVersion: 0, events: [] }];
      await expect(ledger.append({ streams, actor: 'a', requestId: 'r' })).rejects.toBeInstanceOf(InvalidAppend);
    },
  );

  it('refuses to run after another write of its transaction, and outside read committed', async () => {
    const call = `select ledger.append(array['system'], array[null]::bigint[], array[0], '{}', '{}', '{}', '{}', '{}',
                  'a', 'r', null, null, null, false, null)`;
    const late = database.transaction(async (client) => {
      await client.query('select pg_current_xact_id()');
      await client.query(call);
    });
    await expect(late).rejects.toMatchObject({ code: 'LG001' });
    const strict = database.transaction(async (client) => {
      await client.query('set transaction isolation level repeatable read');
      await client.query(call);
    });
    await expect(strict).rejects.toMatchObject({ code: 'LG002' });
  });
});
