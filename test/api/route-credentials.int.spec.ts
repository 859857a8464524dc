import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CreateApiKeyBody, Problem } from '#libs/contracts';
import { CREDENTIALS, ROUTE_CREDENTIALS, type CredentialKind } from './route-credentials.js';
import { bearer, RunningApi } from './running-api.js';
import { TestHolder } from './test-holder.js';

let api: RunningApi;
let holder: TestHolder;
let fixed: Record<Exclude<CredentialKind, 'holder'>, Record<string, string>>;
let dead: Record<string, Record<string, string>>;

async function apiKey(role: CreateApiKeyBody['role']): Promise<Record<string, string>> {
  const body = { name: `${role} key`, role };
  const { key } = await api.owner.http.call('POST /v1/api-keys', { body });
  return bearer(key);
}

beforeAll(async () => {
  api = await RunningApi.start();
  const [session, replaced, revoked] = await Promise.all([api.session(), api.session(), api.session()]);
  holder = await TestHolder.register(api, session.id);
  await api.owner.rotateSession(replaced.id);
  await api.owner.revokeSession(revoked.id);
  fixed = {
    'owner password': api.ownerHeaders,
    'owner key': await apiKey('owner'),
    'auditor key': await apiKey('auditor'),
    'resource key': await apiKey('resource'),
    'session token': bearer(session.token),
  };
  const keys = await api.owner.http.call('GET /v1/api-keys', {});
  const withdrawn = await apiKey('owner');
  const { items } = await api.owner.http.call('GET /v1/api-keys', {});
  const id = items.find((item) => !keys.items.some((known) => known.id === item.id))?.id;
  await api.owner.http.call('DELETE /v1/api-keys/:id', { params: { id: id as string } });
  dead = {
    'a superseded token': bearer(replaced.token),
    'a revoked token': bearer(revoked.token),
    'an altered token': bearer(`${session.token?.slice(0, -4)}AAAA`),
    'no token at all': bearer('nonsense'),
    'a revoked key': withdrawn,
    'an unknown key': bearer(`sl_key_${'A'.repeat(43)}`),
  };
});

afterAll(() => api?.[Symbol.asyncDispose]());

/** A request that no route carries out: an id that is nobody's, and a body and query that none takes. */
async function knock(route: string, headers: (method: string, path: string) => Promise<Record<string, string>>) {
  const [method = '', pattern = ''] = route.split(' ');
  const path = pattern.replaceAll(':id', '00000000-0000-7000-8000-000000000000');
  const hasBody = method !== 'GET';
  const response = await fetch(`${api.url}${path}${hasBody ? '' : '?no-such-parameter=1'}`, {
    method,
    headers: { ...(await headers(method, path)), ...(hasBody && { 'content-type': 'application/json' }) },
    ...(hasBody && { body: '{"noSuchField":1}' }),
  });
  if (response.headers.get('content-type')?.includes('event-stream')) {
    await response.body?.cancel();
    return { status: response.status, code: null };
  }
  const text = await response.text();
  const code = response.status >= 400 ? (JSON.parse(text) as Problem).code : null;
  return { status: response.status, code };
}

function knockAs(route: string, kind: CredentialKind) {
  return knock(route, (method, path) =>
    kind === 'holder' ? holder.proof(method, path) : Promise.resolve(fixed[kind]),
  );
}

describe('who may call what', () => {
  it('is said of every route that the server has, and of no other', () => {
    expect(Object.keys(ROUTE_CREDENTIALS).sort()).toEqual([...new Set(api.api.routes)].sort());
  });

  it.each(CREDENTIALS)('is kept with the %s', async (kind) => {
    const wrong: string[] = [];
    for (const [route, allowed] of Object.entries(ROUTE_CREDENTIALS)) {
      const { status, code } = await knockAs(route, kind);
      const passes = allowed === 'everybody' || allowed.includes(kind);
      const passed = status !== 401 && code !== 'FORBIDDEN' && status < 500;
      const refused = status === 403 && code === 'FORBIDDEN';
      if (passes ? !passed : !refused) wrong.push(`${route}: ${status} ${code}, should ${passes ? 'pass' : 'not'}`);
    }
    expect(wrong).toEqual([]);
  });

  it('is nobody without a credential, but for the public routes', async () => {
    const open: string[] = [];
    for (const route of Object.keys(ROUTE_CREDENTIALS)) {
      const { status, code } = await knock(route, () => Promise.resolve({}));
      if (status !== 401) open.push(route);
      else expect(code).toBe('TOKEN_MISSING');
    }
    const everybody = Object.entries(ROUTE_CREDENTIALS).filter(([, allowed]) => allowed === 'everybody');
    expect(open.sort()).toEqual(everybody.map(([route]) => route).sort());
  });

  it('is nobody with a credential that is dead, on any route that asks for one', async () => {
    const wrong: string[] = [];
    for (const [what, headers] of Object.entries(dead)) {
      for (const [route, allowed] of Object.entries(ROUTE_CREDENTIALS)) {
        if (allowed === 'everybody') continue;
        const { status, code } = await knock(route, () => Promise.resolve(headers));
        // The renewal itself judges a superseded token; it says which session it would have been.
        const isJudgedLater = what === 'a superseded token' && route.endsWith('/renew');
        if (status !== 401 && !isJudgedLater) wrong.push(`${route} with ${what}: ${status} ${code}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});
