import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { bareToken, type Introspection, type Problem } from '#libs/contracts';
import { Database } from '#libs/database';
import { createLedger, type Ledger } from '#libs/ledger';
import { hashOfToken } from '#libs/tokens';
import { agedSession } from './aged-session.js';
import { signedWithTheServersKey } from './forged-tokens.js';
import { bearer, RunningApi } from './running-api.js';

let api: RunningApi;
let database: Database;
let ledger: Ledger;

beforeAll(async () => {
  api = await RunningApi.start({ LEDGER_PREVIOUS_TOKEN_GRACE: '30' });
  database = await Database.open({ url: api.database.url, applicationName: 'forged generations test', poolSize: 2 });
  ledger = createLedger(database);
});

afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  await api?.[Symbol.asyncDispose]();
});

/** As the thief of the signing key makes it: every claim of the real token but its `jti`. */
const twinOf = (token: string, claims = {}) => signedWithTheServersKey(api, token, { jti: randomUUID(), ...claims });
const renew = (sessionId: string, token: string) =>
  api.call<Problem>('PUT', `/v1/sessions/${sessionId}/renew`, bearer(token));
const introspect = async (token: string) =>
  (await api.call<Introspection>('POST', '/oauth/introspect', api.ownerHeaders, { token })).body;
const statusAndCode = ({ status, body }: { status: number; body: Problem }) => [status, body.code];
const whoami = (token: string) => api.call<Problem>('GET', '/v1/session', bearer(token));

describe('with a stolen signing key', () => {
  it('the generation before opens nothing inside the grace; the token that was issued as it is still accepted', async () => {
    const session = await agedSession(api);
    const twin = await twinOf(session.token);
    expect(decodeJwt(twin)).toEqual({ ...decodeJwt(bareToken(session.token)), jti: expect.any(String) });
    expect(statusAndCode(await whoami(twin))).toEqual([401, 'TOKEN_INVALID']);
    expect((await renew(session.id, session.token)).status).toBe(200);
    expect((await whoami(session.token)).status).toBe(200);
    expect(statusAndCode(await whoami(twin))).toEqual([401, 'TOKEN_INVALID']);
    expect(await introspect(session.token)).toMatchObject({ active: true, gen: 0 });
    expect(await introspect(twin)).toEqual({ active: false });
    expect(statusAndCode(await renew(session.id, twin))).toEqual([401, 'TOKEN_INVALID']);
    expect(statusAndCode(await renew(session.id, session.token))).toEqual([409, 'RENEWAL_CONFLICT']);
    expect((await api.call('POST', '/oauth/revoke', {}, { token: twin })).status).toBe(200);
    expect((await api.owner.session(session.id)).status).toBe('active');
  });

  it('an older generation has nobody reported and nothing ended; the real one has', async () => {
    const session = await agedSession(api, {}, { reuse: 'revoke' });
    await api.owner.rotateSession(session.id);
    await api.owner.rotateSession(session.id);
    for (const gen of [0, 1]) {
      const twin = await twinOf(session.token, { gen });
      expect(statusAndCode(await renew(session.id, twin))).toEqual([401, 'TOKEN_INVALID']);
    }
    expect((await api.events(session.id)).map(({ type }) => type)).toEqual([
      'SessionCreated',
      'SessionRenewed',
      'SessionRenewed',
    ]);
    expect(statusAndCode(await renew(session.id, session.token))).toEqual([401, 'TOKEN_SUPERSEDED']);
    expect((await api.events(session.id)).map(({ type }) => type).slice(3)).toEqual([
      'TokenReuseDetected',
      'SessionRevoked',
    ]);
  });
});

describe('the hash of a generation', () => {
  it('is that of the token that was issued as it, whatever texts and other events stand between', async () => {
    const session = await agedSession(api, { reason: '"generation":1, "generation":2,', labels: { generation: '2,' } });
    const second = await api.owner.rotateSession(session.id);
    const third = await api.owner.rotateSession(session.id);
    await renew(session.id, session.token);
    await api.owner.revokeSession(session.id);
    const tokens = [session.token, second.token ?? '', third.token ?? ''];
    const hashes = await Promise.all(
      [0, 1, 2, 3, 10].map((generation) => ledger.issuedTokenHash(session.id, generation)),
    );
    expect(hashes).toEqual([...tokens.map((token) => hashOfToken(bareToken(token))), null, null]);
    expect(await ledger.issuedTokenHash(randomUUID(), 0)).toBeNull();
  });
});
