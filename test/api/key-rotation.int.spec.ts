import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import { generateHolderKeys, HolderIdentity, publicKeysOf } from '#libs/client';
import { type CommandDeps, rotateSigningKey } from '#libs/commands';
import {
  type AgentView,
  bareToken,
  type HandOverView,
  type HolderView,
  type KeyRotationView,
  type Problem,
  type SessionView,
  type SessionWithToken,
  type SigningKeyView,
} from '#libs/contracts';
import { Database } from '#libs/database';
import { bearer, RunningApi } from './running-api.js';
import { TestCommands } from './test-commands.js';

let ledger: RunningApi;
let database: Database;
let agent: AgentView;

beforeAll(async () => {
  ledger = await RunningApi.start();
  database = await Database.open({ url: ledger.database.url, applicationName: 'key rotation test', poolSize: 2 });
  agent = (await ledger.call<AgentView>('POST', '/v1/agents', ledger.ownerHeaders, { name: 'courier' })).body;
});

afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  await ledger?.[Symbol.asyncDispose]();
});

const newSession = async () =>
  (
    await ledger.call<SessionWithToken>('POST', '/v1/sessions', ledger.ownerHeaders, {
      agentId: agent.id,
      supersede: false,
    })
  ).body;
const whoami = (token: string | null) =>
  ledger.call<Omit<SessionView, 'status'> & Problem>('GET', '/v1/session', bearer(token));
const keys = async () =>
  (await ledger.call<{ items: SigningKeyView[] }>('GET', '/v1/keys', ledger.ownerHeaders)).body.items;
const jwks = async () => (await ledger.call<JSONWebKeySet>('GET', '/.well-known/jwks.json')).body;
const rotate = (body?: object, headers: Record<string, string> = {}) =>
  ledger.call<KeyRotationView & Problem>('POST', '/v1/keys/rotate', { ...ledger.ownerHeaders, ...headers }, body);
const kidOf = (token: string | null) => decodeProtectedHeader(bareToken(token ?? '')).kid;
const stateOf = async (kid: string) => (await keys()).find((key) => key.kid === kid)?.state;

describe('a rotation of the signing key', () => {
  it('publishes the next key at once, signs with it only after the JWKS’ max-age, and ends no session', async () => {
    const session = await newSession();
    const before = kidOf(session.token);
    const { status, body } = await rotate();
    expect([status, body.previousKid, body.rotatedSessions]).toEqual([200, before, 0]);
    expect((await jwks()).keys.map(({ kid }) => kid)).toEqual(expect.arrayContaining([before, body.kid]));
    const wait = Date.parse(body.signsFrom) - Date.now();
    expect(wait).toBeGreaterThan(290_000);
    expect(wait).toBeLessThan(310_000);
    expect(kidOf((await newSession()).token)).toBe(before);
    expect((await whoami(session.token)).status).toBe(200);
    expect(await stateOf(body.kid)).toBe('next');
  });

  it('keeps the old key as long as the token of a live session was made with it, and retires it then', async () => {
    const session = await newSession();
    const old = kidOf(session.token) as string;
    await rotate();
    // Five minutes and more pass: the starts of all keys are moved back by as much.
    await database.query('update ledger.signing_key set signs_from = signs_from - 700');
    await rotate();
    expect(await stateOf(old)).toBe('previous');
    expect((await whoami(session.token)).status).toBe(200);
    const set = createLocalJWKSet(await jwks());
    await expect(jwtVerify(bareToken(session.token as string), set)).resolves.toBeDefined();

    await ledger.call('POST', `/v1/agents/${agent.id}/revoke-sessions`, ledger.ownerHeaders, {});
    await database.query('update ledger.signing_key set signs_from = signs_from - 700');
    await rotate();
    expect(await stateOf(old)).toBe('retired');
    expect((await jwks()).keys.map(({ kid }) => kid)).not.toContain(old);
    expect((await whoami(session.token)).body.code).toBe('SESSION_REVOKED');
    expect((await keys()).filter(({ state }) => state === 'current')).toHaveLength(1);
    const fresh = await newSession();
    expect((await whoami(fresh.token)).status).toBe(200);
    await ledger.call('DELETE', `/v1/sessions/${fresh.id}`, ledger.ownerHeaders);
  });

  it('with revoke is the emergency: the key is worth nothing, its sessions get other tokens, holders take them', async () => {
    const session = await newSession();
    const holderKeys = await generateHolderKeys();
    const { body: holder } = await ledger.call<HolderView>('POST', '/v1/holders', ledger.ownerHeaders, {
      sessionId: session.id,
      name: 'laptop',
      ...publicKeysOf(holderKeys),
    });
    await newSession();
    const stolen = kidOf(session.token) as string;
    const { status, body } = await rotate({ revoke: stolen });
    expect([status, body.revokedKid]).toEqual([200, stolen]);
    expect(body.rotatedSessions).toBe(2);
    expect((await whoami(session.token)).body.code).toBe('TOKEN_KEY_UNKNOWN');
    expect((await jwks()).keys.map(({ kid }) => kid)).not.toContain(stolen);

    const identity = new HolderIdentity(holder.id, await issuer(), holderKeys);
    const proof = await identity.assertion('POST', '/v1/holders/token', Date.now() / 1000);
    const handed = await ledger.call<HandOverView>('POST', '/v1/holders/token', { 'ledger-holder-assertion': proof });
    const token = await identity.open(handed.body.sealedToken);
    expect(kidOf(token)).toBe(body.kid);
    expect((await whoami(token)).body).toMatchObject({ id: session.id, generation: 1, renewalCount: 0 });

    const again = await rotate({ revoke: stolen });
    expect([again.status, again.body.rotatedSessions]).toEqual([200, 0]);
  });

  it('answers a repetition with the same Idempotency-Key as the first time', async () => {
    const key = { 'idempotency-key': 'once' };
    const first = await rotate({}, key);
    const before = (await keys()).length;
    expect((await rotate({}, key)).body).toEqual(first.body);
    expect(await keys()).toHaveLength(before);
    expect((await rotate({ revoke: first.body.kid }, key)).body.code).toBe('IDEMPOTENCY_KEY_REUSED');
  });

  it('that died before it revoked the key is completed by its repetition', async () => {
    const key = { 'idempotency-key': 'emergency' };
    const stolen = kidOf((await newSession()).token) as string;
    const first = await rotate({ revoke: stolen }, key);
    expect(first.status).toBe(200);
    await database.query('update ledger.signing_key set signs_from = null where kid = $1', [first.body.kid]);
    await database.query('update ledger.signing_key set revoked_at = null where kid = $1', [stolen]);
    expect(await stateOf(stolen)).toBe('current');
    const session = await newSession();
    expect(kidOf(session.token)).toBe(stolen);

    const repeated = await rotate({ revoke: stolen }, key);
    expect(repeated.status).toBe(200);
    expect(repeated.body.kid).toBe(first.body.kid);
    expect([await stateOf(stolen), await stateOf(first.body.kid)]).toEqual(['revoked', 'current']);
    const [{ count } = { count: -1 }] = await database.query<{ count: number }>(
      "select count(*)::int as count from ledger.session_head where status = 'active' and token_header::jsonb ->> 'kid' = $1",
      [stolen],
    );
    expect(count).toBe(0);
    expect((await whoami(session.token)).body.code).toBe('TOKEN_KEY_UNKNOWN');
  });

  it('whose event another request recorded, which died then, is completed by the one that finds it recorded', async () => {
    await using commands = await TestCommands.open();
    const { deps, caller } = commands;
    const stolen = (await deps.keys.list())[0]?.kid as string;
    // Recorded after this one had looked for a receipt and found none.
    const outrun: CommandDeps = {
      ...deps,
      store: { ...deps.store, append: (request) => deps.store.append(request).then(() => deps.store.append(request)) },
    };
    const idempotency = { scope: 'test', key: 'emergency', fingerprint: createHash('sha256').digest() };
    const { kid } = await rotateSigningKey(outrun, { revoke: stolen }, { ...caller, idempotency });
    const known = await deps.keys.list();
    expect(known.filter(({ revokedAt }) => revokedAt !== null).map((key) => key.kid)).toEqual([stolen]);
    expect((await deps.keys.signer(Date.now() / 1000)).kid).toBe(kid);
  });

  it('is recorded, is for the owner alone, and knows its keys', async () => {
    const session = await newSession();
    expect((await ledger.call<Problem>('POST', '/v1/keys/rotate', bearer(session.token), {})).status).toBe(403);
    expect((await rotate({ revoke: 'unknown' })).body.code).toBe('NOT_FOUND');
    expect((await rotate({ revoke: 7 })).body.code).toBe('BAD_REQUEST');
    const [{ count } = { count: 0 }] = await database.query<{ count: number }>(
      "select count(*)::int as count from ledger.event where type = 'SigningKeyRotated'",
    );
    expect(count).toBe((await keys()).length);
  });

  it('that died between its event and its key is completed at the next one', async () => {
    const { body } = await rotate();
    await database.query('update ledger.signing_key set signs_from = null where kid = $1', [body.kid]);
    await rotate();
    const completed = (await keys()).find(({ kid }) => kid === body.kid);
    expect(completed?.signsFrom).toBe(body.signsFrom);
  });
});

async function issuer(): Promise<string> {
  const { body } = await ledger.call<{ issuer: string }>('GET', '/.well-known/oauth-authorization-server');
  return body.issuer;
}
