import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import pg from 'pg';
import { type AgentView, bareToken, type CloudEvent, sessionStream, type SessionView } from '#libs/contracts';
import { until } from '#libs/testing';
import { agedSession } from './aged-session.js';
import { bearer, RunningApi } from './running-api.js';

const LABELS = { team: 'payments', 'region/zone': 'eu, north', note: '한국' };

let api: RunningApi;

beforeAll(async () => {
  api = await RunningApi.start();
});
afterAll(() => api?.[Symbol.asyncDispose]());

const list = <T>(path: string, headers = api.ownerHeaders) =>
  api.call<{ items: T[] }>('GET', path, headers).then(({ body }) => body.items);

describe('the labels of a session', () => {
  it('stand in every answer that shows the session, and in the event that made it', async () => {
    const { id, agentId, token } = await agedSession(api, { labels: LABELS });
    const at = encodeURIComponent((await api.events(id))[0]?.time ?? '');
    const shown: [string, Record<string, string> | undefined][] = [];
    const show = (where: string, view: Pick<SessionView, 'labels'> | undefined) => shown.push([where, view?.labels]);
    const one = async (method: string, path: string, headers = api.ownerHeaders) =>
      show(`${method} ${path}`, (await api.call<SessionView>(method, path, headers)).body);
    const created = await api.owner.createSession({ agentId, supersede: false, labels: LABELS });
    show('POST /v1/sessions', created);
    await one('GET', `/v1/sessions/${id}`);
    await one('GET', `/v1/sessions/${id}?at=${at}`);
    await one('GET', `/v1/sessions/${id}?minVersion=1`);
    await one('GET', '/v1/session', bearer(token));
    await one('GET', `/v1/sessions/${id}`, bearer(token));
    for (const headers of [api.ownerHeaders, bearer(token)]) {
      const items = await list<SessionView>(`/v1/sessions?agentId=${agentId}`, headers);
      show(
        'GET /v1/sessions',
        items.find((item) => item.id === id),
      );
    }
    const renewed = await api.call<SessionView & { token: string }>('PUT', `/v1/sessions/${id}/renew`, bearer(token));
    show('PUT renew', renewed.body);
    await one('POST', `/v1/sessions/${id}/rotate`);
    await one('DELETE', `/v1/sessions/${id}`);
    await one('GET', `/v1/sessions/${id}`);
    const [first] = await until(
      async () => {
        const items = await list<CloudEvent>(`/v1/sessions/${id}/events?limit=1`);
        return items.length > 0 && items;
      },
      { describe: 'the creation to have its place in the log' },
    );
    show('SessionCreated', first?.data as Pick<SessionView, 'labels'> | undefined);
    expect(shown).toHaveLength(13);
    const sorted = (labels: object = {}) => JSON.stringify(Object.entries(labels).sort());
    expect(shown.filter(([, labels]) => sorted(labels) !== sorted(LABELS))).toEqual([]);
  });
});

describe('the reason for which an agent is disabled, enabled or changed', () => {
  it('is recorded with its author, shown by the search, and found by its words', async () => {
    const { id } = await api.agent();
    const change = (body: object) => api.call<AgentView>('PATCH', `/v1/agents/${id}`, api.ownerHeaders, body);
    expect((await change({ enabled: false, reason: 'the laptop was stolen' })).body.enabled).toBe(false);
    expect((await change({ enabled: true, reason: 'it was under the sofa' })).body.enabled).toBe(true);
    await change({ defaultConstraints: { maxRenewals: 3 }, reason: 'less trust from now on' });
    const events = await until(
      async () => {
        const found = await list<CloudEvent>(`/v1/audit?agentId=${id}`);
        return found.length >= 4 && found;
      },
      { describe: 'the search to have the changes' },
    );
    const told = events.map(({ type, actor, data }) => [type.split('.')[2], actor, data['reason']]);
    expect(told).toEqual([
      ['defaults_changed', 'owner', 'less trust from now on'],
      ['enabled', 'owner', 'it was under the sofa'],
      ['disabled', 'owner', 'the laptop was stolen'],
      ['registered', 'owner', undefined],
    ]);
    for (const [text, type] of [
      ['stolen', 'disabled'],
      ['sofa', 'enabled'],
      ['less trust', 'defaults_changed'],
    ]) {
      const found = await list<CloudEvent>(`/v1/audit?agentId=${id}&text=${encodeURIComponent(text ?? '')}`);
      expect(found.map((event) => event.type.split('.')[2])).toEqual([type]);
    }
  });
});

describe('a reader that asks for a version that it has heard of', () => {
  it('waits for a change that is not there yet when the server takes up the question', async () => {
    const { id } = await api.session();
    const client = new pg.Client({ connectionString: api.database.url });
    await client.connect();
    let begun: (url: string) => void = () => undefined;
    const onRequest = (message: unknown) => begun((message as { request: { url: string } }).request.url);
    subscribe('http.server.request.start', onRequest);
    try {
      // On a busy machine the change may take longer than a reader waits: then once more.
      await until(
        async () => {
          const { version } = await api.owner.session(id);
          await client.query('begin');
          await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [sessionStream(id)]);
          const rotated = api.owner.rotateSession(id);
          const path = `/v1/sessions/${id}?minVersion=${version + 1}`;
          const taken = new Promise<void>((resolve) => (begun = (url) => url === path && resolve()));
          const asked = api.call<SessionView>('GET', path, api.ownerHeaders);
          await taken;
          await client.query('rollback');
          const { status, headers, body } = await asked;
          await rotated;
          return status === 200 && headers.get('ledger-stale') === null && body.version === version + 1;
        },
        { describe: 'an answer that has waited for the change' },
      );
    } finally {
      unsubscribe('http.server.request.start', onRequest);
      await client.end();
    }
  });

  it('gets what there is after 200 ms, marked as stale', async () => {
    const { id, version } = await api.session();
    const began = performance.now();
    const answer = await api.call<SessionView>('GET', `/v1/sessions/${id}?minVersion=${version + 1}`, api.ownerHeaders);
    expect(performance.now() - began).toBeGreaterThanOrEqual(200);
    expect([answer.status, answer.headers.get('ledger-stale'), answer.body.version]).toEqual([200, 'true', version]);
  });
});

describe('the claims of a token, one by one (RFC 9068)', () => {
  it.each([
    ['operations are given', { allowedOperations: ['read', 'pay:small'] }, 'read pay:small'],
    ['none are given', {}, undefined],
  ])('are those that the standard asks for where %s', async (_, constraints, scope) => {
    const agent = await api.agent({ audiences: ['https://bank.example'] });
    const session = await api.session({ agentId: agent.id, constraints, expiresIn: 3600 });
    const token = bareToken(session.token ?? '');
    expect(decodeProtectedHeader(token)).toEqual({ typ: 'at+jwt', alg: 'EdDSA', kid: expect.any(String) });
    const claims = decodeJwt(token);
    const issued = Math.floor(Date.parse(session.createdAt) / 1000);
    const { keys } = (await api.call<{ keys: { kid: string }[] }>('GET', '/.well-known/jwks.json')).body;
    const metadata = (await api.call<{ issuer: string }>('GET', '/.well-known/oauth-authorization-server')).body;
    expect(keys.map(({ kid }) => kid)).toContain(decodeProtectedHeader(token).kid);
    expect(claims.iss).toBe(metadata.issuer);
    expect(claims.exp).toBe(issued + 3600);
    expect(claims.iat).toBe(issued);
    expect(claims.aud).toEqual([metadata.issuer, 'https://bank.example']);
    expect(claims.sub).toBe(agent.id);
    expect(claims['client_id']).toBe(agent.id);
    expect(claims.jti).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
    expect(claims['scope']).toBe(scope);
    expect(Object.keys(claims).sort()).toEqual(
      ['aud', 'client_id', 'exp', 'gen', 'iat', 'iss', 'jti', 'sid', 'sub', ...(scope ? ['scope'] : [])].sort(),
    );
  });

  it('has another jti in every token of a session, and the same owner, client and session', async () => {
    const session = await api.session();
    const tokens = [session.token, (await api.owner.rotateSession(session.id)).token];
    const [first, second] = tokens.map((token) => decodeJwt(bareToken(token ?? '')));
    expect(first?.jti).not.toBe(second?.jti);
    for (const claim of ['iss', 'sub', 'client_id', 'sid', 'aud']) expect(second?.[claim]).toEqual(first?.[claim]);
    expect([first?.['gen'], second?.['gen']]).toEqual([0, 1]);
  });
});
