import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import type { Problem } from '#libs/contracts';
import { until } from '#libs/testing';
import { RunningApi, type Reply } from '../../api/running-api.js';
import { fullDiskFor } from './full-disk.js';

let running: RunningApi;

beforeAll(async () => {
  running = await RunningApi.start();
});
afterAll(() => running?.[Symbol.asyncDispose]());

/** Everything that an append writes. */
async function rows(): Promise<Record<string, number>> {
  const client = new pg.Client({ connectionString: running.database.url });
  await client.connect();
  try {
    const { rows: found } = await client.query<Record<string, number>>(`
      select (select count(*)::int from ledger.event) as events, (select count(*)::int from ledger.stream) as streams,
        (select sum(version)::int from ledger.stream) as versions, (select count(*)::int from ledger.receipt) as receipts,
        (select count(*)::int from ledger.session_head) as heads`);
    return found[0] ?? {};
  } finally {
    await client.end();
  }
}

it('a full disk: the answer says so and what to do, nothing is half-written, and it goes on once there is room', async () => {
  const agent = await running.agent();
  const create = (key: string): Promise<Reply<Partial<Problem> & { id?: string }>> => {
    const headers = { ...running.ownerHeaders, 'idempotency-key': key };
    return running.call('POST', '/v1/sessions', headers, { agentId: agent.id });
  };
  const isUp = async () => (await running.call('GET', '/v1/agents', running.ownerHeaders)).status === 200;

  // The head is the last that an append writes: event, stream and receipt are there by then.
  const disk = await fullDiskFor(running.database.url, 'ledger.session_head');
  await until(isUp, { describe: 'the api to be connected again' });
  const before = await rows();
  for (const key of ['first', 'second', 'first']) {
    const { status, body } = await create(key);
    expect([status, body.code, body.retryable]).toEqual([503, 'UPSTREAM_UNAVAILABLE', true]);
    expect(body.detail).toBe(
      'The disk of the database is full. Nothing of this was recorded: make room there, then repeat it.',
    );
  }
  expect(await rows()).toEqual(before);
  // What needs no room there goes on.
  await running.agent();

  await disk.makeRoom();
  await until(isUp, { describe: 'the api to be connected again' });
  const [once, again] = [await create('first'), await create('first')];
  expect([once.status, again.status]).toEqual([201, 201]);
  expect(again.body.id).toBe(once.body.id);
  const after = await rows();
  expect(after).toMatchObject({ heads: 1, events: (before['events'] ?? 0) + 2 });
  // Every event has its place: the failed ones left no hole.
  await until(
    async () => {
      const { body } = await running.call<{ items: { position: number }[] }>('GET', '/v1/audit', running.ownerHeaders);
      return body.items[0]?.position === after['events'];
    },
    { describe: 'the log to have them all' },
  );
});
