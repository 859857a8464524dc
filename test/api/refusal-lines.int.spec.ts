import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ErrorCode } from '#libs/contracts';
import { createLogger } from '#libs/platform';
import { agedSession } from './aged-session.js';
import { bearer, RunningApi } from './running-api.js';
import { TestHolder } from './test-holder.js';

interface Line {
  requestId?: string;
  code?: ErrorCode;
}

const UNLIMITED = { LEDGER_RATE_LIMIT: '0', LEDGER_ADDRESS_RATE_LIMIT: '0' };
const raw: string[] = [];
let running: RunningApi;
/** An instance whose log is read. */
let url: string;

beforeAll(async () => {
  running = await RunningApi.start(UNLIMITED);
  const destination = { write: (line: string) => void raw.push(line) };
  const logger = createLogger({ service: 'api', level: 'info', destination });
  url = await running.startAnother({ ...UNLIMITED, LEDGER_TRUSTED_PROXIES: '127.0.0.1' }, logger);
});
afterAll(() => running?.[Symbol.asyncDispose]());

/** What the log has got since then about requests. */
function linesSince(from: number): Line[] {
  return raw
    .slice(from)
    .map((line) => JSON.parse(line) as Line)
    .filter(({ requestId }) => requestId !== undefined);
}

/** The same of one request. */
async function linesOf(method: string, path: string, headers: Record<string, string>): Promise<Line[]> {
  const from = raw.length;
  await running.callAt(url, method, path, { ...headers, 'x-forwarded-for': '203.0.113.7' });
  return linesSince(from);
}

async function apiKey(role: 'resource' | 'auditor'): Promise<{ id: string; key: string }> {
  const { id, key } = await running.owner.http.call('POST /v1/api-keys', { body: { name: 'of a stranger', role } });
  return { id, key: key ?? '' };
}

describe('a refused request leaves one line', () => {
  it('for a wrong password, also where it counts for nothing', async () => {
    const guess = { 'x-master-password': 'a-guess-of-the-password' };
    const line = { code: 'CREDENTIAL_INVALID', address: '203.0.113.7', credential: 'password' };
    expect(await linesOf('GET', '/v1/agents', guess)).toMatchObject([{ ...line, route: 'GET /v1/agents' }]);
    const from = raw.length;
    const body = new URLSearchParams({ token: 'of.no.server' });
    expect((await fetch(`${url}/oauth/revoke`, { method: 'POST', headers: guess, body })).status).toBe(200);
    expect(linesSince(from)).toMatchObject([
      { code: 'CREDENTIAL_INVALID', route: 'POST /oauth/revoke', credential: 'password' },
    ]);
  });

  it('for an unknown and for a revoked key, and for one that may not do that, by its id', async () => {
    const { id, key } = await apiKey('resource');
    const path = '/v1/sessions/019a9f3c-0000-7000-8000-0000000000b1';
    expect(await linesOf('GET', path, bearer(key))).toMatchObject([
      { code: 'FORBIDDEN', route: 'GET /v1/sessions/:id', credential: 'api-key', actor: `key:${id}` },
    ]);
    await running.owner.http.call('DELETE /v1/api-keys/:id', { params: { id }, body: {} });
    for (const credential of [key, `sl_key_${'A'.repeat(43)}`]) {
      expect(await linesOf('GET', path, bearer(credential))).toMatchObject([
        { code: 'CREDENTIAL_INVALID', credential: 'api-key' },
      ]);
    }
  });

  it('for a token that is not ours, and for one whose session has ended, by the session', async () => {
    const { id, agentId, token } = await running.session();
    await running.owner.revokeSession(id);
    expect(await linesOf('GET', '/v1/session', bearer('sl_sess_of.no.server'))).toMatchObject([
      { code: 'TOKEN_INVALID', route: 'GET /v1/session', credential: 'session' },
    ]);
    expect(await linesOf('GET', '/v1/session', bearer(token))).toMatchObject([
      { code: 'SESSION_REVOKED', actor: `agent:${agentId}`, sessionId: id, generation: 0, kid: expect.any(String) },
    ]);
  });

  it('for a token that was used again, a renewal without its holder, and a holder that was removed', async () => {
    const { id, token } = await agedSession(running);
    const path = `/v1/sessions/${id}/renew`;
    const rotated = await running.owner.rotateSession(id);
    expect(await linesOf('PUT', path, bearer(token))).toMatchObject([
      { code: 'TOKEN_SUPERSEDED', route: 'PUT /v1/sessions/:id/renew', sessionId: id, generation: 0 },
    ]);
    const holder = await TestHolder.register(running, id);
    expect(await linesOf('PUT', path, bearer(rotated.token))).toMatchObject([
      { code: 'HOLDER_REQUIRED', route: 'PUT /v1/sessions/:id/renew', sessionId: id, generation: 1 },
    ]);
    await running.owner.removeHolder(holder.id);
    const proof = await holder.proof('POST', '/v1/holders/token');
    expect(await linesOf('POST', '/v1/holders/token', proof)).toMatchObject([
      { code: 'HOLDER_ASSERTION_INVALID', route: 'POST /v1/holders/token', credential: 'holder' },
    ]);
  });

  it('and none where it was answered, wrong in itself, or asked for what is not there', async () => {
    for (const path of ['/v1/agents', '/v1/agents?nonsense=1', '/v1/nothing']) {
      expect(await linesOf('GET', path, running.ownerHeaders)).toEqual([]);
    }
  });

  it('but a flood leaves ten, and none of all the lines holds what was presented', async () => {
    const { token } = await running.session();
    const { key } = await apiKey('auditor');
    const from = raw.length;
    const flood = Array.from({ length: 60 }, () => running.callAt(url, 'GET', '/v1/status', bearer(token)));
    for (const { status } of await Promise.all(flood)) expect(status).toBe(403);
    // One of the ten was shown before: the window is a minute.
    const shown = linesSince(from).filter(({ code }) => code === 'FORBIDDEN');
    expect(shown.length).toBeGreaterThan(0);
    expect(shown.length).toBeLessThanOrEqual(10);
    await linesOf('POST', '/v1/agents', bearer(key));
    for (const secret of [token ?? '', key, running.ownerPassword, 'a-guess-of-the-password', 'of.no.server']) {
      expect(raw.join('')).not.toContain(secret);
    }
  });
});
