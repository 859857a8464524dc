import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { API_KEY_ROLES, SYSTEM_STREAM } from '#libs/contracts';
import { Database } from '#libs/database';
import { createLedger, type Ledger } from '#libs/ledger';
import { createTestDatabase, type TestDatabase } from '#libs/testing';
import { ApiKeys } from './api-key-queries.js';
import { createApiKey } from './create-api-key.js';
import { revokeApiKey } from './revoke-api-key.js';

const caller = { actor: 'owner', requestId: 'request-1' };
const AGENT = '019a9f3c-0000-7000-8000-0000000000a1';
let testDatabase: TestDatabase;
let database: Database;
let ledger: Ledger;
let keys: ApiKeys;
const deps = () => ({ store: ledger, heads: ledger, database });

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = await Database.open({ url: testDatabase.url, applicationName: 'api-keys test', poolSize: 4 });
  ledger = createLedger(database);
  keys = new ApiKeys(database);
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await testDatabase[Symbol.asyncDispose]();
});

describe('API keys', () => {
  it('are shown once, recognised by their hash, and recorded in the ledger', async () => {
    for (const role of API_KEY_ROLES) {
      const agents = role === 'owner' ? undefined : [AGENT];
      const created = await createApiKey(deps(), { name: `a ${role}`, role, ...(agents && { agents }) }, caller);
      expect(created.key).toMatch(/^sl_key_[\w-]{43}$/);
      expect(await keys.authenticate(created.key ?? '')).toEqual({ keyId: created.id, role, agents: agents ?? null });
    }
    const types = (await ledger.readStream(SYSTEM_STREAM)).map(({ type }) => type);
    expect(types).toEqual(['ApiKeyCreated', 'ApiKeyCreated', 'ApiKeyCreated']);
  });

  it('leave no secret in the database', async () => {
    const { key } = await createApiKey(deps(), { name: 'secret', role: 'resource' }, caller);
    const secret = key as string;
    const [found] = await database.query<{ found: string }>(
      `select string_agg(k::text, '') || (select string_agg(e::text, '') from ledger.event e) as found from ledger.api_key k`,
    );
    expect(found?.found).not.toContain(secret.slice('sl_key_'.length));
    expect(found?.found).toContain(createHash('sha256').update(secret).digest('hex'));
  });

  it('are worthless from the moment of their revocation, and revoked once however often it is asked', async () => {
    const { id, key } = await createApiKey(deps(), { name: 'gone', role: 'auditor' }, caller);
    expect(await keys.authenticate(key as string)).not.toBeNull();
    await Promise.all([1, 2, 3].map(() => revokeApiKey(deps(), id, caller, 'left the team')));
    expect(await keys.authenticate(key as string)).toBeNull();
    const revocations = (await ledger.readStream(SYSTEM_STREAM)).filter(({ type }) => type === 'ApiKeyRevoked');
    expect(revocations.map(({ data }) => data)).toEqual([{ keyId: id, reason: 'left the team' }]);
    await expect(revokeApiKey(deps(), AGENT, caller)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('answer a repeated creation without the key', async () => {
    const again = { ...caller, idempotency: { scope: 'test', key: 'once', fingerprint: Buffer.from('x') } };
    const first = await createApiKey(deps(), { name: 'once', role: 'auditor' }, again);
    const second = await createApiKey(deps(), { name: 'once', role: 'auditor' }, again);
    expect(first.key).not.toBeNull();
    expect(second).toEqual({ ...first, key: null });
  });

  it('say when they were last used, to the minute', async () => {
    const { id, key, lastUsedAt } = await createApiKey(deps(), { name: 'used', role: 'auditor' }, caller);
    expect(lastUsedAt).toBeNull();
    const before = Math.floor((await ledger.now()) / 60_000) * 60;
    await keys.authenticate(key as string);
    expect((await keys.find(id))?.lastUsedAt).toBeGreaterThanOrEqual(before);
    expect((await keys.find(id))?.lastUsedAt).toBeLessThanOrEqual((await ledger.now()) / 1000);
  });

  it('page both ways, newest first, without a gap or a repetition', async () => {
    const all = await keys.list({ limit: 200 });
    const ids = all.items.map(({ id }) => id);
    expect(ids).toEqual([...ids].sort().reverse());
    const forward: string[] = [];
    let cursor: string | undefined;
    let last;
    do {
      last = await keys.list({ cursor, limit: 2 });
      forward.push(...last.items.map(({ id }) => id));
      cursor = last.nextCursor ?? undefined;
    } while (cursor);
    expect(forward).toEqual(ids);
    const backward: string[] = last.items.map(({ id }) => id);
    while (last.prevCursor) {
      last = await keys.list({ cursor: last.prevCursor, limit: 2 });
      backward.unshift(...last.items.map(({ id }) => id));
    }
    expect(backward).toEqual(ids);
  });
});
