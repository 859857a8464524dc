import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as oauth from 'oauth4webapi';
import { ERRORS, oauthErrorOf, ROUTES, type ErrorCode, type Problem } from '#libs/contracts';
import { PROVOCATIONS } from './provocations.js';
import { bearer, RunningApi } from './running-api.js';

let api: RunningApi;

beforeAll(async () => {
  api = await RunningApi.start();
});
afterAll(() => api?.[Symbol.asyncDispose]());

const MEMBERS_OF: Partial<Record<ErrorCode, keyof Problem>> = {
  RENEWAL_TOO_EARLY: 'retryAfter',
  TOO_MANY_REQUESTS: 'retryAfter',
  RENEWAL_CONFLICT: 'currentGeneration',
  BAD_REQUEST: 'errors',
};

describe('every row of the error table', () => {
  it.each(Object.keys(ERRORS) as ErrorCode[])(
    '%s comes from the real server to the real client as the table has it',
    async (code) => {
      const problem = await PROVOCATIONS[code](api);
      const { status, title, retryable, hint } = ERRORS[code];
      expect(problem).toMatchObject({
        type: `urn:session-ledger:error:${code.toLowerCase().replaceAll('_', '-')}`,
        code,
        status,
        title,
        retryable,
        hint,
      });
      expect(problem.requestId).toMatch(/^[0-9a-f-]{36}$/);
      const member = MEMBERS_OF[code];
      if (member !== undefined) expect(problem[member]).toBeDefined();
    },
  );
});

describe('an error on the way to an OAuth client', () => {
  const client: oauth.Client = { client_id: 'a-resource-server' };
  const server = (): oauth.AuthorizationServer => ({
    issuer: api.url,
    introspection_endpoint: `${api.url}/oauth/introspect`,
    revocation_endpoint: `${api.url}/oauth/revoke`,
  });

  it('is read by an independent library: RFC 6749 beside the members of the problem', async () => {
    const response = await form('/oauth/introspect', {}, api.ownerHeaders);
    const read = oauth.processIntrospectionResponse(server(), client, response);
    await expect(read).rejects.toMatchObject({ error: 'invalid_request', status: 400 });
  });

  it('names the error of RFC 6749 on every route that such clients call', async () => {
    const routes = ROUTES.filter((route) => route.oauth).map(({ path }) => path);
    expect(routes.sort()).toEqual(['/oauth/introspect', '/oauth/revoke', '/v1/holders/token']);
    const seen: [string, number, unknown][] = [];
    for (const [path, headers] of [
      ['/oauth/introspect', {}],
      ['/oauth/introspect', bearer('sl_key_unknown')],
      ['/oauth/introspect', bearer((await api.session()).token)],
      ['/oauth/revoke', {}],
      ['/v1/holders/token', {}],
      ['/v1/holders/token', api.ownerHeaders],
    ] as const) {
      const isForm = path.startsWith('/oauth/');
      const needsToken = 'authorization' in headers && isForm;
      const response = isForm
        ? await form(path, needsToken ? { token: 'of.another.session' } : {}, headers)
        : await fetch(api.url + path, { method: 'POST', headers });
      const body = (await response.json()) as Problem & { error: string; error_description: string };
      expect(response.headers.get('content-type')).toMatch(/^application\/json/);
      expect(body).toMatchObject(oauthErrorOf(body));
      expect(body.error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
      seen.push([path, response.status, body.error]);
    }
    expect(seen).toEqual([
      ['/oauth/introspect', 401, 'invalid_client'],
      ['/oauth/introspect', 401, 'invalid_client'],
      ['/oauth/introspect', 403, 'unauthorized_client'],
      ['/oauth/revoke', 400, 'invalid_request'],
      ['/v1/holders/token', 401, 'invalid_client'],
      ['/v1/holders/token', 403, 'unauthorized_client'],
    ]);
  });

  it('names the methods that a path takes where another was used', async () => {
    const wrong = await api.call<Problem>('DELETE', '/v1/sessions', api.ownerHeaders);
    expect([wrong.status, wrong.body.code]).toEqual([405, 'METHOD_NOT_ALLOWED']);
    expect(wrong.headers.get('allow')?.split(', ').sort()).toEqual(['GET', 'HEAD', 'POST']);
    expect((await api.call<Problem>('DELETE', '/v1/nothing', api.ownerHeaders)).status).toBe(404);
  });
});

describe('a URL that the router itself refuses', () => {
  it.each([`/v1/sessions/${'secret'.repeat(30)}`, '/v1/%ffsecret', '/v1/sessions/%E0%A4%A'])(
    '%s is a problem of the table and is not repeated',
    async (path) => {
      const { status, headers, body } = await api.call<Problem>('GET', path, api.ownerHeaders);
      expect(status).toBe(400);
      expect(body.code).toBe('BAD_REQUEST');
      expect(headers.get('content-type')).toContain('application/problem+json');
      expect(JSON.stringify(body)).not.toContain('secret');
    },
  );
});

describe('POST /oauth/revoke', () => {
  it('answers 200 whatever the credential beside the token, and acts on the accepted token alone', async () => {
    const dead = await api.session();
    await api.owner.revokeSession(dead.id);
    const auditor = await api.owner.http.call('POST /v1/api-keys', {
      body: { name: 'reader', role: 'auditor' },
    });
    for (const headers of [{}, bearer(dead.token), bearer('nonsense'), bearer('sl_key_unknown'), bearer(auditor.key)]) {
      for (const token of [dead.token, 'garbage', 'x'.repeat(9_000)]) {
        const { status, ok } = await form('/oauth/revoke', { token: token ?? '' }, headers);
        expect([status, ok]).toEqual([200, true]);
      }
      const live = await api.session();
      expect((await form('/oauth/revoke', { token: live.token ?? '' }, headers)).status).toBe(200);
      expect((await api.owner.session(live.id)).status).toBe('revoked');
    }
    const guess = await form('/oauth/revoke', { token: dead.token ?? '' }, { 'x-master-password': 'a guess' });
    expect(guess.status).toBe(200);
  });

  it('goes on while the kill switch is on, with the token itself as credential too', async () => {
    const session = await api.session();
    await api.owner.activateKillSwitch({});
    try {
      const { status } = await form('/oauth/revoke', { token: session.token ?? '' }, bearer(session.token));
      expect(status).toBe(200);
      expect((await api.owner.session(session.id)).status).toBe('revoked');
    } finally {
      await api.owner.releaseKillSwitch();
    }
  });
});

function form(path: string, fields: Record<string, string>, headers: Record<string, string>): Promise<Response> {
  return fetch(api.url + path, { method: 'POST', headers, body: new URLSearchParams(fields) });
}
