import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AgentView, Problem, SessionView } from '#libs/contracts';
import { agedSession } from './aged-session.js';
import { bearer, RunningApi } from './running-api.js';

let running: RunningApi;

beforeAll(async () => {
  running = await RunningApi.start();
});
afterAll(() => running?.[Symbol.asyncDispose]());

interface Raw {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Partial<Problem> & Partial<AgentView> & Partial<Omit<SessionView, 'status'>>;
}

/** A request as it is, without the manners of a client library. */
function send(method: string, path: string, headers: Record<string, string>, body?: string | Buffer): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const outgoing = request(running.url + path, { method, headers, agent: false, timeout: 30_000 }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: JSON.parse(text || '{}') as Raw['body'],
        });
      });
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer to ${method} ${path}`)));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const json = (extra: Record<string, string> = {}): Record<string, string> => ({
  ...running.ownerHeaders,
  'content-type': 'application/json',
  ...extra,
});

describe('odd HTTP', () => {
  it('HEAD of the update stream is answered at once: it is no method of that path', async () => {
    const session = await running.session();
    const head = await send('HEAD', '/v1/updates', bearer(session.token));
    expect([head.status, head.headers['allow']]).toEqual([405, 'GET']);
    const post = await send('POST', '/v1/updates', bearer(session.token));
    expect([post.status, post.headers['allow'], post.body.code]).toEqual([405, 'GET', 'METHOD_NOT_ALLOWED']);
    expect((await send('HEAD', '/v1/agents', running.ownerHeaders)).status).toBe(200);
    expect((await send('HEAD', '/docs', {})).status).toBe(200);
    // Spelled otherwise it is the same route.
    expect((await send('HEAD', '/v1/%75pdates', bearer(session.token))).status).toBe(405);
  });

  it.each(['gzip', 'br', 'deflate', 'gzip, identity'])(
    'a content coding (%s) is 415, packed or not',
    async (coding) => {
      const plain = JSON.stringify({ name: `packed with ${coding}` });
      for (const body of [plain, gzipSync(plain)]) {
        const answer = await send('POST', '/v1/agents', json({ 'content-encoding': coding }), body);
        expect([answer.status, answer.body.code, answer.headers['accept-encoding']]).toEqual([
          415,
          'UNSUPPORTED_MEDIA_TYPE',
          'identity',
        ]);
      }
    },
  );

  it('another charset than UTF-8 is 415, and UTF-8 is stored as it was sent', async () => {
    const name = 'Jörg’s courier';
    const latin = Buffer.from(JSON.stringify({ name: 'Jörg' }), 'latin1');
    for (const charset of ['iso-8859-1', '"ISO-8859-1"', 'utf-16', '']) {
      const type = `application/json; charset=${charset}`;
      const refused = await send('POST', '/v1/agents', json({ 'content-type': type }), latin);
      expect([charset, refused.status, refused.body.code]).toEqual([charset, 415, 'UNSUPPORTED_MEDIA_TYPE']);
    }
    for (const charset of ['utf-8', '"UTF-8"']) {
      const type = `application/json;charset=${charset}`;
      const body = JSON.stringify({ name: `${name} ${charset}` });
      const made = await send('POST', '/v1/agents', json({ 'content-type': type }), body);
      expect([made.status, made.body.name]).toEqual([201, `${name} ${charset}`]);
    }
  });

  it('an empty body of a declared type is no body, by length and in chunks', async () => {
    const framings: Record<string, string>[] = [{ 'content-length': '0' }, { 'transfer-encoding': 'chunked' }];
    for (const framing of framings) {
      const session = await agedSession(running);
      const headers = { ...bearer(session.token), 'content-type': 'application/json', ...framing };
      const renewed = await send('PUT', `/v1/sessions/${session.id}/renew`, headers);
      expect(renewed.body.generation).toBe(1);
      const revoked = await send('DELETE', `/v1/sessions/${session.id}`, json(framing));
      expect([revoked.status, (revoked.body as { status?: unknown }).status]).toEqual([200, 'revoked']);
    }
    const missing = await send('POST', '/v1/agents', json({ 'content-length': '0' }));
    expect([missing.status, missing.body.errors?.[0]?.path]).toEqual([400, 'name']);
  });
});
