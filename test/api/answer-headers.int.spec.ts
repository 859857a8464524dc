import { mkdtempSync, writeFileSync } from 'node:fs';
import { request, type RequestOptions } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestAuthority } from '../faults/notifier/test-certificates.js';
import { bearer, RunningApi } from './running-api.js';

let api: RunningApi;

beforeAll(async () => {
  api = await RunningApi.start();
});
afterAll(() => api?.[Symbol.asyncDispose]());

async function headersOf(path: string, headers: Record<string, string> = {}): Promise<Headers> {
  const response = await fetch(api.url + path, { headers });
  await response.arrayBuffer();
  return response.headers;
}

describe('every answer', () => {
  it.each([
    ['of a route', '/v1/agents', () => api.ownerHeaders],
    ['of a refusal', '/v1/agents', () => bearer('sl_sess_guess')],
    ['of a path that is not there', '/v1/nothing', () => ({})],
    ['in text', '/metrics', () => ({})],
    ['as a page', '/docs', () => ({})],
    ['of the OAuth metadata', '/.well-known/oauth-authorization-server', () => ({})],
  ])('%s is of the type that it says, and tells nobody where its reader came from', async (_, path, credential) => {
    const headers = await headersOf(path, credential());
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('x-request-id')).not.toBeNull();
    expect(headers.get('strict-transport-security')).toBeNull();
    expect([headers.get('server'), headers.get('x-powered-by')]).toEqual([null, null]);
  });

  it('with a secret in it is kept by no cache', async () => {
    const session = await api.session();
    const renewed = await api.call('PUT', `/v1/sessions/${session.id}/renew`, bearer(session.token));
    expect(renewed.headers.get('cache-control')).toBe('no-store');
    expect((await headersOf('/v1/session', bearer(session.token))).get('cache-control')).toBe('no-store');
  });

  it('over TLS asks for TLS the next time, and a plain listener answers nothing there', async () => {
    const authority = TestAuthority.create();
    const folder = mkdtempSync(join(tmpdir(), 'tls-'));
    const { key, cert } = authority.issue({ host: '127.0.0.1' });
    for (const [name, text] of [
      ['cert.pem', cert],
      ['key.pem', key],
    ] as const) {
      writeFileSync(join(folder, name), text, { mode: 0o600 });
    }
    const url = await api.startAnother({
      LEDGER_TLS_CERT_FILE: join(folder, 'cert.pem'),
      LEDGER_TLS_KEY_FILE: join(folder, 'key.pem'),
    });
    expect(url).toMatch(/^https:/);
    const answer = await secure(`${url}/v1/agents`, { ca: authority.cert, headers: api.ownerHeaders });
    expect(answer.status).toBe(200);
    expect(answer.headers['strict-transport-security']).toBe('max-age=31536000');
    await expect(secure(`${url}/v1/agents`, {})).rejects.toThrow('unable to verify');
    await expect(secure(`${url}/v1/agents`, { ca: authority.cert, maxVersion: 'TLSv1.1' })).rejects.toThrow();
    await expect(fetch(url.replace('https:', 'http:'))).rejects.toThrow('fetch failed');
  });
});

function secure(url: string, options: RequestOptions): Promise<{ status: number; headers: IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { ...options, agent: false }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers }));
    });
    outgoing.once('error', reject);
    outgoing.end();
  });
}

describe('the count of what was refused', () => {
  async function told(code: string): Promise<number> {
    const text = await (await fetch(`${api.url}/metrics`)).text();
    const value = new RegExp(`^ledger_problems_total\\{[^}]*code="${code}"[^}]*\\} (\\d+)$`, 'm').exec(text)?.[1];
    return Number(value);
  }

  it('knows every code from the start and grows by one for each refusal', async () => {
    expect(await told('HOLDER_REQUIRED')).toBe(0);
    const before = await told('TOKEN_INVALID');
    await headersOf('/v1/agents', bearer('sl_sess_guess'));
    await headersOf('/v1/agents', bearer('sl_sess_guess'));
    expect((await told('TOKEN_INVALID')) - before).toBe(2);
  });
});
