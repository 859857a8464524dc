import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as oauth from 'oauth4webapi';
import type { ApiKeyWithSecret, Problem, SessionWithToken } from '#libs/contracts';
import { createVerifier } from '#libs/client';
import { freePort } from '#libs/embedded';
import { until } from '#libs/testing';
import { bearer, RunningApi } from './running-api.js';

/** An independent client: everything it is told comes from the metadata document. */
const insecure = { [oauth.allowInsecureRequests]: true } as const;
const client: oauth.Client = { client_id: 'a-resource-server' };
const withBearer =
  (token: string): oauth.ClientAuth =>
  (_server, _client, _body, headers) =>
    headers.set('authorization', `Bearer ${token}`);

let running: RunningApi;
let server: oauth.AuthorizationServer;
let resource: ApiKeyWithSecret;
let agentId: string;

beforeAll(async () => {
  const port = await freePort();
  running = await RunningApi.start({ LEDGER_PORT: String(port), LEDGER_ISSUER: `http://127.0.0.1:${port}` });
  const issuer = new URL(running.url);
  const discovered = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure });
  server = await oauth.processDiscoveryResponse(issuer, discovered);
  resource = await newKey({ name: 'a resource server', role: 'resource' });
  agentId = (await running.owner.createAgent({ name: 'courier' })).id;
});
afterAll(() => running?.[Symbol.asyncDispose]());

async function newKey(body: { name: string; role: string; agents?: string[] }): Promise<ApiKeyWithSecret> {
  return (await running.call<ApiKeyWithSecret>('POST', '/v1/api-keys', running.ownerHeaders, body)).body;
}

async function newSession(): Promise<SessionWithToken & { token: string }> {
  const body = {
    agentId,
    supersede: false,
    constraints: { allowedOperations: ['read', 'pay'], maxAmountPerTx: '10.50' },
  };
  return (await running.owner.createSession(body)) as SessionWithToken & { token: string };
}

async function introspect(token: string, credential = resource.key as string): Promise<oauth.IntrospectionResponse> {
  const response = await oauth.introspectionRequest(server, client, withBearer(credential), token, insecure);
  return oauth.processIntrospectionResponse(server, client, response);
}

async function revoke(token: string): Promise<void> {
  const response = await oauth.revocationRequest(server, client, oauth.None(), token, insecure);
  await oauth.processRevocationResponse(response);
}

describe('OAuth, as an independent client sees it', () => {
  it('finds every endpoint by the metadata, and the token endpoint is the hand-over', () => {
    expect(server).toMatchObject({
      token_endpoint: `${server.issuer}/v1/holders/token`,
      grant_types_supported: ['urn:ietf:params:oauth:grant-type:jwt-bearer'],
      response_types_supported: [],
    });
  });

  it('introspects a live token with all its claims, in either form', async () => {
    const session = await newSession();
    for (const token of [session.token, session.token.replace(/^sl_sess_/, '')]) {
      expect(await introspect(token)).toMatchObject({
        active: true,
        token_type: 'Bearer',
        iss: server.issuer,
        sub: agentId,
        client_id: agentId,
        sid: session.id,
        gen: 0,
        scope: 'read pay',
        max_amount_per_tx: '10.50',
        exp: Date.parse(session.expiresAt) / 1000,
      });
    }
  });

  it('says inactive and nothing else of a superseded, revoked, foreign or torn token', async () => {
    const session = await newSession();
    const rotated = await running.owner.rotateSession(session.id);
    expect(await introspect(session.token)).toEqual({ active: false });
    expect(await introspect(rotated.token as string)).toMatchObject({ active: true, gen: 1 });
    await running.owner.revokeSession(session.id);
    expect(await introspect(rotated.token as string)).toEqual({ active: false });
    expect(await introspect('not.a.token')).toEqual({ active: false });
    expect(await introspect(session.token.slice(0, -4) + 'AAAA')).toEqual({ active: false });
  });

  it('tells a key of other agents nothing, and a session token only of itself', async () => {
    const mine = await newSession();
    const other = await newSession();
    const narrow = await newKey({ name: 'narrow', role: 'resource', agents: [resource.id] });
    expect(await introspect(mine.token, narrow.key as string)).toEqual({ active: false });
    expect(await introspect(mine.token, mine.token)).toMatchObject({ active: true, sid: mine.id });
    await expect(introspect(other.token, mine.token)).rejects.toThrow();
  });

  it('says inactive while the kill switch is on', async () => {
    const session = await newSession();
    await running.owner.activateKillSwitch({ reason: 'drill' });
    expect(await introspect(session.token)).toEqual({ active: false });
    await running.owner.releaseKillSwitch();
    expect(await introspect(session.token)).toMatchObject({ active: true });
  });

  it('revokes by an accepted token, answers 200 to anything, and does nothing with a dead one', async () => {
    const session = await newSession();
    const rotated = await running.owner.rotateSession(session.id);
    for (const useless of [session.token, 'garbage', 'a.b.c', 'x'.repeat(8000)]) await revoke(useless);
    expect((await running.owner.session(session.id)).status).not.toBe('revoked');
    await revoke(rotated.token as string);
    await revoke(rotated.token as string);
    expect((await running.owner.session(session.id)).status).toBe('revoked');
  });

  it('revokes by any token of the session when the owner asks', async () => {
    const session = await newSession();
    await running.owner.rotateSession(session.id);
    const response = await fetch(`${running.url}/oauth/revoke`, {
      method: 'POST',
      headers: running.ownerHeaders,
      body: new URLSearchParams({ token: session.token, token_type_hint: 'refresh_token' }),
    });
    expect(response.status).toBe(200);
    expect((await running.owner.session(session.id)).status).toBe('revoked');
  });

  it('challenges as RFC 6750 says: silent without a credential, invalid_token with a dead one', async () => {
    const session = await newSession();
    await running.owner.revokeSession(session.id);
    const none = await running.call<Problem>('GET', '/v1/session');
    expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="session-ledger"']);
    const dead = await running.call<Problem>('GET', '/v1/session', bearer(session.token));
    expect(dead.headers.get('www-authenticate')).toMatch(/^Bearer realm="session-ledger", error="invalid_token", /);
    const wrongRole = await running.call<Problem>('GET', '/v1/agents', bearer(resource.key));
    expect(wrongRole.status).toBe(403);
    expect(wrongRole.headers.get('www-authenticate')).toContain('error="insufficient_scope"');
  });
});

describe('an offline verifier', () => {
  it('accepts a live token, and refuses a superseded and a revoked one by the feed within a poll', async () => {
    const before = await newSession();
    await running.owner.rotateSession(before.id);
    await using verifier = createVerifier({ issuer: running.url, apiKey: resource.key as string, pollMs: 50 });
    await verifier.refresh();
    // What died before it began:
    expect(await verifier.verify(before.token)).toMatchObject({ ok: false, code: 'SESSION_REVOKED' });

    const session = await newSession();
    expect(await verifier.verify(session.token)).toMatchObject({ ok: true, claims: { sid: session.id, gen: 0 } });
    const rotated = await running.owner.rotateSession(session.id);
    const refused = (token: string) => async () => !(await verifier.verify(token)).ok;
    await until(refused(session.token), { describe: 'the superseded token to be refused' });
    expect(await verifier.verify(rotated.token as string)).toMatchObject({ ok: true });
    await running.owner.revokeSession(session.id);
    await until(refused(rotated.token as string), { describe: 'the revoked token to be refused' });
  });

  it('refuses everything while the kill switch is on, and a token of another audience or torn', async () => {
    const { token } = await newSession();
    await using verifier = createVerifier({ issuer: running.url, apiKey: resource.key as string, pollMs: 50 });
    await running.owner.activateKillSwitch({});
    await verifier.refresh();
    expect(await verifier.verify(token)).toMatchObject({ ok: false, code: 'KILL_SWITCH_ACTIVE' });
    await running.owner.releaseKillSwitch();
    await verifier.refresh();
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
    expect(await verifier.verify(`${token.slice(0, -4)}AAAA`)).toMatchObject({ ok: false, code: 'TOKEN_INVALID' });
    await using other = createVerifier({ issuer: running.url, audience: 'https://shop.example' });
    expect(await other.verify(token)).toMatchObject({ ok: false, code: 'TOKEN_AUDIENCE_MISMATCH' });
  });

  it('trusts no token on a feed that it cannot read', async () => {
    const { token } = await newSession();
    const errors: unknown[] = [];
    await using verifier = createVerifier({
      issuer: running.url,
      apiKey: `sl_key_${'x'.repeat(43)}`,
      onFeedError: (error) => errors.push(error),
    });
    expect(await verifier.verify(token)).toMatchObject({ ok: false, code: 'FEED_STALE' });
    expect(errors.length).toBeGreaterThan(0);
  });
});
