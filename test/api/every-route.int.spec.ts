import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Problem, SessionWithToken } from '#libs/contracts';
import { until } from '#libs/testing';
import { agedSession } from './aged-session.js';
import { bearer, RunningApi } from './running-api.js';

let api: RunningApi;
let second: string;

beforeAll(async () => {
  api = await RunningApi.start();
  second = await api.startAnother();
});

afterAll(() => api?.[Symbol.asyncDispose]());

/** Every route that takes a session token. */
function routesOf(sessionId: string): [string, string][] {
  return [
    ['GET', '/v1/session'],
    ['GET', '/v1/sessions'],
    ['GET', `/v1/sessions/${sessionId}`],
    ['GET', `/v1/sessions/${sessionId}/events`],
    ['GET', '/v1/updates'],
    ['PUT', `/v1/sessions/${sessionId}/renew`],
  ];
}

async function codesOf(url: string, session: { id: string; token: string | null }): Promise<Set<string>> {
  const codes = new Set<string>();
  for (const [method, path] of routesOf(session.id)) {
    const { status, body } = await api.callAt<Problem>(url, method, path, bearer(session.token));
    codes.add(`${status} ${body.code}`);
  }
  return codes;
}

async function renew(session: SessionWithToken): Promise<SessionWithToken> {
  const { status, body } = await api.call<SessionWithToken>(
    'PUT',
    `/v1/sessions/${session.id}/renew`,
    bearer(session.token),
  );
  expect(status).toBe(200);
  return body;
}

async function introspected(token: string | null): Promise<boolean> {
  const response = await fetch(`${api.url}/oauth/introspect`, {
    method: 'POST',
    headers: { ...api.ownerHeaders, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ token: token ?? '' }),
  });
  return ((await response.json()) as { active: boolean }).active;
}

describe('a token that is dead', () => {
  it('is refused on every route of every instance at once after a revocation', async () => {
    const session = await api.session();
    for (const url of [api.url, second]) {
      expect((await api.callAt(url, 'GET', '/v1/session', bearer(session.token))).status).toBe(200);
    }
    await api.callAt(second, 'DELETE', `/v1/sessions/${session.id}`, api.ownerHeaders);
    for (const url of [api.url, second]) {
      expect(await codesOf(url, session)).toEqual(new Set(['401 SESSION_REVOKED']));
    }
    expect(await introspected(session.token)).toBe(false);
  });

  it('is refused on every route of every instance after a renewal with grace 0, and the new one is accepted', async () => {
    const session = await agedSession(api);
    const renewed = await renew(session);
    for (const url of [api.url, second]) {
      expect(await codesOf(url, session)).toEqual(new Set(['401 TOKEN_SUPERSEDED']));
      expect((await api.callAt(url, 'GET', '/v1/session', bearer(renewed.token))).status).toBe(200);
    }
    expect([await introspected(session.token), await introspected(renewed.token)]).toEqual([false, true]);
  });

  it('is refused on every route of every instance once its time is over, recorded or not', async () => {
    const session = await api.session({ expiresIn: 1 });
    await until(async () => (await api.call('GET', '/v1/session', bearer(session.token))).status === 401, {
      describe: 'the token to expire',
    });
    expect(await codesOf(second, session)).toEqual(new Set(['401 TOKEN_EXPIRED']));
  });
});

describe('the grace after a renewal', () => {
  /** Seconds; it begins with the second of the renewal, which may be nearly over. */
  const GRACE = 8;
  let gracious: string;

  beforeAll(async () => {
    gracious = await api.startAnother({ LEDGER_PREVIOUS_TOKEN_GRACE: String(GRACE) });
  });

  it('keeps the previous token on ordinary routes, refuses to renew with it, and ends to the second', async () => {
    const session = await agedSession(api);
    const renewed = await renew(session);
    const issuedAt = Date.parse(renewed.expiresAt) - renewed.expiresIn * 1_000;
    expect((await api.callAt(gracious, 'GET', '/v1/session', bearer(session.token))).status).toBe(200);
    const path = `/v1/sessions/${session.id}/renew`;
    const lost = await api.callAt<Problem>(gracious, 'PUT', path, bearer(session.token));
    expect([lost.status, lost.body.code, lost.body.currentGeneration]).toEqual([409, 'RENEWAL_CONFLICT', 1]);
    await until(async () => (await api.callAt(gracious, 'GET', '/v1/session', bearer(session.token))).status === 401, {
      describe: 'the grace to end',
    });
    expect(Date.now() - issuedAt).toBeGreaterThanOrEqual(GRACE * 1_000);
    expect(await codesOf(gracious, session)).toEqual(new Set(['401 TOKEN_SUPERSEDED']));
  });

  it('is not given after a rotation by the owner', async () => {
    const session = await api.session();
    await api.owner.rotateSession(session.id);
    expect(await codesOf(gracious, session)).toEqual(new Set(['401 TOKEN_SUPERSEDED']));
  });
});
