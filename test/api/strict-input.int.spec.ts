import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Problem, type Route, ROUTES } from '#libs/contracts';
import { admitted, goodBodyOf, goodPathOf, type RouteWorld, routeWorld } from './route-world.js';
import { RunningApi } from './running-api.js';

let api: RunningApi;
let world: RouteWorld;
/** A credential of each kind that a request could carry elsewhere. */
let secrets: string[];

beforeAll(async () => {
  api = await RunningApi.start({ LEDGER_RATE_LIMIT: '0', LEDGER_ADDRESS_RATE_LIMIT: '0' });
  world = await routeWorld(api);
  const { key } = await api.owner.http.call('POST /v1/api-keys', { body: { name: 'all', role: 'owner' } });
  secrets = [world.session.token ?? '', key ?? '', api.ownerPassword];
});
afterAll(() => api?.[Symbol.asyncDispose]());

/** Asks a route and answers its status and code, and the fields that are wrong. */
async function ask(
  route: Route,
  { query = '', headers = {}, body }: { query?: string; headers?: Record<string, string>; body?: string },
): Promise<{ status: number; code: string | null; errors: Problem['errors'] }> {
  const hasBody = route.method !== 'GET' && body !== undefined;
  const media = route.form ? 'application/x-www-form-urlencoded' : 'application/json';
  const response = await fetch(`${api.url}${goodPathOf(route, world)}${query}`, {
    method: route.method,
    headers: { ...headers, ...(hasBody && { 'content-type': media }) },
    ...(hasBody && { body }),
  });
  const text = await response.text();
  const { code = null, errors } = (response.status >= 400 ? JSON.parse(text) : {}) as Partial<Problem>;
  return { status: response.status, code, errors };
}

const nameOf = ({ method, path }: Route): string => `${method} ${path}`;
const closed = ROUTES.filter(({ credentials }) => !credentials.includes('none'));

describe('a credential counts in its header alone', () => {
  const NAMES = ['access_token', 'token', 'authorization', 'x-master-password', 'api_key', 'ledger-holder-assertion'];

  it.each(['a query string', 'a cookie'])('and not in %s, on any route', async (place) => {
    const seen: unknown[] = [];
    for (const route of closed) {
      const pairs = NAMES.flatMap((name) => secrets.map((secret) => [name, secret] as const));
      const query = `?${pairs.map(([name, secret]) => `${name}=${encodeURIComponent(secret)}`).join('&')}`;
      const cookie = NAMES.map((name, index) => `${name}=${secrets[index % secrets.length]}`).join('; ');
      const { status, code } = await ask(route, place === 'a cookie' ? { headers: { cookie } } : { query });
      seen.push([nameOf(route), status, code]);
    }
    expect(seen).toEqual(closed.map((route) => [nameOf(route), 401, 'TOKEN_MISSING']));
  });

  it('and not in the body, not even of a form', async () => {
    const seen: unknown[] = [];
    const routes = closed.filter(({ method }) => method !== 'GET');
    for (const route of routes) {
      const fields = { access_token: secrets[1] ?? '', client_secret: secrets[2] ?? '' };
      const body = route.form ? new URLSearchParams(fields).toString() : JSON.stringify(fields);
      const { status, code } = await ask(route, { body });
      seen.push([nameOf(route), status, code]);
    }
    expect(seen).toEqual(routes.map((route) => [nameOf(route), 401, 'TOKEN_MISSING']));
  });

  it('and the token to be revoked is in the body alone', async () => {
    const live = await api.session();
    const revoke = `${api.url}/oauth/revoke?token=${live.token}`;
    expect((await fetch(revoke, { method: 'POST', headers: api.ownerHeaders })).status).toBe(400);
    expect((await api.owner.session(live.id)).status).toBe('active');
  });
});

describe('what a request holds that its route does not know', () => {
  const withBody = ROUTES.filter(({ body, form }) => body !== undefined && !form);
  const withQuery = ROUTES.filter(({ query }) => query !== undefined);

  const good = async (route: Route) => admitted(api, route, goodPathOf(route, world), world);

  it('is refused in a body: a member too much', async () => {
    const seen: unknown[] = [];
    for (const route of withBody) {
      const body = JSON.stringify({ ...goodBodyOf(route, world), isAdmin: true });
      const { status, code, errors } = await ask(route, { headers: await good(route), body });
      seen.push([nameOf(route), status, code, JSON.stringify(errors).includes('isAdmin')]);
    }
    expect(withBody.length).toBeGreaterThan(10);
    expect(seen).toEqual(withBody.map((route) => [nameOf(route), 400, 'BAD_REQUEST', true]));
  });

  it('is refused in a query: a parameter too much, or one of its own twice', async () => {
    const seen: unknown[] = [];
    const wanted: unknown[] = [];
    for (const route of withQuery) {
      const example = world.real(route.example?.query ?? {});
      const queries = ['isAdmin', ...Object.keys(route.query?.shape ?? {})].map((name) => {
        const right = new URLSearchParams(example);
        right.append(name, '1');
        if (name !== 'isAdmin' && !(name in example)) right.append(name, '1');
        return `?${right.toString()}`;
      });
      for (const query of queries) {
        const { status, code } = await ask(route, { headers: await good(route), query });
        seen.push([nameOf(route), query, status, code]);
        wanted.push([nameOf(route), query, 400, 'BAD_REQUEST']);
      }
    }
    expect(withQuery.length).toBeGreaterThan(10);
    expect(seen).toEqual(wanted);
  });

  it('is passed over in the forms of OAuth, which may grow', async () => {
    const { token } = world.session;
    const fields = new URLSearchParams({ token: token ?? '', token_type_hint: 'access_token', isAdmin: 'true' });
    const answer = await fetch(`${api.url}/oauth/introspect`, {
      method: 'POST',
      headers: api.ownerHeaders,
      body: fields,
    });
    expect([answer.status, await answer.json()]).toMatchObject([200, { active: true }]);
  });
});

describe('a page elsewhere', () => {
  it('is not let in by its Origin, and may read no answer', async () => {
    const headers = { origin: 'https://elsewhere.example', 'access-control-request-method': 'GET' };
    for (const [method, path] of [
      ['OPTIONS', '/v1/sessions'],
      ['GET', '/v1/sessions'],
      ['GET', '/.well-known/jwks.json'],
    ] as const) {
      const answer = await fetch(api.url + path, { method, headers });
      await answer.arrayBuffer();
      const cors = [...answer.headers.keys()].filter((name) => name.startsWith('access-control-'));
      expect([method, path, cors, answer.headers.get('set-cookie')]).toEqual([method, path, [], null]);
    }
  });
});
