import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { sessionStream, type Problem } from '#libs/contracts';
import { until } from '#libs/testing';
import { bearer, RunningApi } from './running-api.js';

let running: RunningApi;

beforeAll(async () => {
  running = await RunningApi.start({
    LEDGER_RATE_LIMIT: '4',
    LEDGER_ADDRESS_RATE_LIMIT: '1000',
    LEDGER_REQUEST_DEADLINE: '1',
  });
});
afterAll(() => running?.[Symbol.asyncDispose]());

function open(): Socket {
  const { hostname, port } = new URL(running.url);
  return connect(Number(port), hostname);
}

/** What the server sends until it closes the connection. */
async function answerOf(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

describe('limits', () => {
  it('refuses a body above 64 KiB, also one that does not say its length', async () => {
    const large = await running.call<Problem>('POST', '/v1/agents', running.ownerHeaders, { name: 'x'.repeat(66_000) });
    expect([large.status, large.body.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    const chunked = await fetch(`${running.url}/v1/agents`, {
      method: 'POST',
      headers: { ...running.ownerHeaders, 'content-type': 'application/json' },
      body: new Blob([`{"name":"${'x'.repeat(70_000)}"}`]).stream(),
      duplex: 'half',
    } as RequestInit);
    expect(chunked.status).toBe(413);
  });

  it('refuses headers above 16 KiB with 431', async () => {
    const socket = open();
    socket.write(`GET /health/live HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(17_000)}\r\n\r\n`);
    expect(await answerOf(socket)).toMatch(/^HTTP\/1\.1 431 [\s\S]*application\/problem\+json[\s\S]*"status":431/);
  });

  it('answers what is no HTTP with 400 and closes', async () => {
    const socket = open();
    socket.write('EHLO there\r\n\r\n');
    expect(await answerOf(socket)).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('ends a request whose headers trickle in', async () => {
    const socket = open();
    socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\n');
    const drip = setInterval(() => socket.writable && socket.write('X-A: b\r\n'), 200);
    socket.on('error', () => undefined);
    const answer = await answerOf(socket).finally(() => clearInterval(drip));
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  }, 30_000);

  it('takes forms on the OAuth routes only', async () => {
    const form = { method: 'POST', headers: bearer('x'), body: new URLSearchParams({ name: 'x' }) };
    const refused = await fetch(`${running.url}/v1/agents`, form);
    expect([refused.status, ((await refused.json()) as Problem).code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    const oauth = await fetch(`${running.url}/oauth/revoke`, {
      method: 'POST',
      body: new URLSearchParams({ token: 'x' }),
    });
    expect(oauth.status).toBe(200);
  });

  it('says how much is left, refuses a burst of one credential with Retry-After, and lets another pass', async () => {
    const key = await running.call<{ key: string }>('POST', '/v1/api-keys', running.ownerHeaders, {
      name: 'busy',
      role: 'auditor',
    });
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => running.call<Problem>('GET', '/v1/agents', bearer(key.body.key))),
    );
    const passed = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 429);
    expect(passed.length).toBeGreaterThanOrEqual(20);
    expect(refused.length).toBeGreaterThan(0);
    expect(passed.length + refused.length).toBe(40);
    expect(passed[0]?.headers.get('ratelimit-policy')).toBe('"credential";q=20;w=5');
    expect(passed[0]?.headers.get('ratelimit')).toMatch(/^"credential";r=\d+;t=\d+$/);
    expect(refused[0]?.body).toMatchObject({ code: 'TOO_MANY_REQUESTS', retryable: true });
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect((await running.call('GET', '/health/live')).status).toBe(200);
  });

  it('answers DEADLINE_EXCEEDED when the database makes a change wait, and the change may still happen', async () => {
    const owner = running.owner;
    const agent = (await owner.createAgent({ name: 'slow' })).id;
    const session = await owner.createSession({ agentId: agent });
    const blocker = new pg.Client({ connectionString: running.database.url });
    await blocker.connect();
    await blocker.query('begin');
    await blocker.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [sessionStream(session.id)]);
    const late = await running.call<Problem>('DELETE', `/v1/sessions/${session.id}`, running.ownerHeaders);
    expect([late.status, late.body.code, late.body.retryable]).toEqual([503, 'DEADLINE_EXCEEDED', true]);
    await blocker.query('rollback');
    await blocker.end();
    await until(async () => (await owner.session(session.id)).status === 'revoked', {
      describe: 'the change to happen',
    });
  });
});
