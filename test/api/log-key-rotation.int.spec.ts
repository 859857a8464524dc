import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LogKeyRotationView } from '#libs/contracts';
import { Database } from '#libs/database';
import { openCheckpoint, parseVerifierKey } from '#libs/proof';
import { until } from '#libs/testing';
import { RunningApi } from './running-api.js';

let api: RunningApi;
let database: Database;

beforeAll(async () => {
  api = await RunningApi.start();
  database = await Database.open({ url: api.database.url, applicationName: 'log key spec', poolSize: 2 });
});

afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  await api?.[Symbol.asyncDispose]();
});

const rotate = (headers: Record<string, string> = {}) =>
  api.call<LogKeyRotationView>('POST', '/v1/log/keys/rotate', { ...api.ownerHeaders, ...headers });

/** Ids of the keys that the log's own events tell of, oldest first. */
async function told(): Promise<{ keyId: string; previousKeyId?: string }[]> {
  const rows = await database.query<{ data: { keyId: string; previousKeyId?: string } }>(
    "select payload::json as data from ledger.event where type = 'LogKeyRotated' order by seq",
  );
  return rows.map(({ data }) => data);
}

/** The newest checkpoint that the key has signed, once there is one. */
async function signedBy(key: string): Promise<number> {
  const checkpoint = await until(
    async () => {
      const [newest] = (await api.owner.checkpoints({ limit: 1 })).items;
      return openCheckpoint(newest?.note ?? '', [parseVerifierKey(key)]);
    },
    { describe: 'a checkpoint by the key' },
  );
  return checkpoint.size;
}

describe('a rotation of the log’s key', () => {
  it('has the next checkpoint signed with the new key; those before still verify', async () => {
    await api.session();
    const { keys: before } = await until(
      async () => {
        const list = await api.owner.checkpoints({ limit: 1 });
        return list.items.length > 0 && list;
      },
      { describe: 'the first checkpoint' },
    );
    const size = await signedBy(before[0]!);

    const { status, body } = await rotate();
    expect(status).toBe(200);
    expect(await signedBy(body.key)).toBeGreaterThan(size);
    const { keys, items } = await api.owner.checkpoints({ limit: 100 });
    expect(keys).toEqual([body.key, ...before]);
    const verifiers = keys.map(parseVerifierKey);
    expect(items.filter(({ note }) => openCheckpoint(note, verifiers) === null)).toEqual([]);
    // The log keeps its name: with another one the witnesses of before would be another log's.
    expect(new Set(verifiers.map(({ name }) => name)).size).toBe(1);
    expect((await told()).at(-1)).toEqual({ keyId: body.keyId, previousKeyId: body.previousKeyId });
  });

  it('is one for each request, in a row, however many come at once', async () => {
    const earlier = await told();
    const rotated = await Promise.all(Array.from({ length: 5 }, () => rotate()));
    expect(rotated.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    const chain = (await told()).slice(earlier.length);
    expect(new Set(chain.map(({ keyId }) => keyId))).toEqual(new Set(rotated.map(({ body }) => body.keyId)));
    expect(chain.slice(1).map(({ previousKeyId }) => previousKeyId)).toEqual(
      chain.slice(0, -1).map(({ keyId }) => keyId),
    );
    const current = await database.query<{ key_id: string }>(
      'select key_id from ledger.log_key where retired_at is null',
    );
    expect(current).toEqual([{ key_id: chain.at(-1)?.keyId }]);
    await signedBy(rotated.find(({ body }) => body.keyId === chain.at(-1)?.keyId)!.body.key);
  });

  it('is done also while the kill switch is on: the key may be what leaked', async () => {
    await api.owner.activateKillSwitch({ reason: 'drill' });
    try {
      expect((await rotate()).status).toBe(200);
    } finally {
      await api.owner.releaseKillSwitch();
    }
  });

  it('is repeated with its first answer, under an Idempotency-Key', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const first = await rotate(key);
    const events = await told();
    expect((await rotate(key)).body).toEqual(first.body);
    expect(await told()).toEqual(events);
  });
});
