import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { bareToken, HOLDER_ASSERTION_HEADER, sessionStream, type Problem } from '#libs/contracts';
import { until } from '#libs/testing';
import { bearer, RunningApi } from './running-api.js';

/** Requests at once: far more than a bucket holds, and holds again after a moment in which the machine stood still. */
const BURST = 100;
/** Of each credential; the next one passes after more than a minute. */
const ONE_REQUEST = { LEDGER_RATE_LIMIT: '0.01', LEDGER_ADDRESS_RATE_LIMIT: '0' };

let running: RunningApi;
/** Answers to requests that never end; they take a quarter of a minute, and the other tests go on meanwhile. */
let trickling: Promise<string[]>;

beforeAll(async () => {
  running = await RunningApi.start({
    LEDGER_RATE_LIMIT: '4',
    LEDGER_ADDRESS_RATE_LIMIT: '1000',
    // The deadline for a handler would answer what trickles in before.
    LEDGER_REQUEST_DEADLINE: '60',
  });
  const password = `X-Master-Password: ${running.ownerPassword}`;
  const large = 'Content-Type: application/json\r\nContent-Length: 60000';
  trickling = Promise.all([
    trickled(running.url, 'GET /health/live HTTP/1.1\r\nHost: x\r\n', 'X-A: b\r\n'),
    trickled(running.url, `POST /v1/agents HTTP/1.1\r\nHost: x\r\n${password}\r\n${large}\r\n\r\n`, ' '),
  ]);
});
afterAll(() => running?.[Symbol.asyncDispose]());

function open(url = running.url): Socket {
  const { hostname, port } = new URL(url);
  return connect(Number(port), hostname);
}

/** The answer to a request that begins and then never ends, five times a second. */
async function trickled(url: string, begin: string, more: string): Promise<string> {
  const socket = open(url);
  socket.on('error', () => undefined);
  socket.write(begin);
  const drip = setInterval(() => socket.writable && socket.write(more), 200);
  return answerOf(socket).finally(() => clearInterval(drip));
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
      Array.from({ length: BURST }, () => running.call<Problem>('GET', '/v1/agents', bearer(key.body.key))),
    );
    const passed = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 429);
    expect(passed.length).toBeGreaterThanOrEqual(20);
    expect(refused.length).toBeGreaterThan(0);
    expect(passed.length + refused.length).toBe(BURST);
    expect(passed[0]?.headers.get('ratelimit-policy')).toBe('"credential";q=20;w=5');
    expect(passed[0]?.headers.get('ratelimit')).toMatch(/^"credential";r=\d+;t=\d+$/);
    expect(refused[0]?.body).toMatchObject({ code: 'TOO_MANY_REQUESTS', retryable: true });
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect((await running.call('GET', '/health/live')).status).toBe(200);
  });

  it.each<[string, (token: string) => Record<string, string>]>([
    ['in another case, with more spaces', (token) => ({ authorization: `bEARER   ${token}` })],
    ['without the prefix of our tokens', (token) => bearer(bareToken(token))],
    ['beside an assertion that is none', (token) => ({ ...bearer(token), [HOLDER_ASSERTION_HEADER]: 'none' })],
  ])('counts one credential once, however it is spelled: %s', async (_, spelled) => {
    const url = await running.startAnother(ONE_REQUEST);
    const token = (await running.session()).token ?? '';
    const first = await running.callAt(url, 'GET', '/v1/sessions', bearer(token));
    const second = await running.callAt<Problem>(url, 'GET', '/v1/sessions', spelled(token));
    expect([first.status, second.status]).toEqual([200, 429]);
    expect(second.headers.get('ratelimit')).toMatch(/^"credential";r=0;/);
  });

  it('counts the password beside an assertion, and an assertion alone, which is another each time, by address only', async () => {
    const url = await running.startAnother(ONE_REQUEST);
    const assertion = { [HOLDER_ASSERTION_HEADER]: 'none' };
    const statuses: number[] = [];
    for (const headers of [running.ownerHeaders, { ...running.ownerHeaders, ...assertion }, assertion, assertion])
      statuses.push((await running.callAt(url, 'GET', '/v1/agents', headers)).status);
    expect(statuses).toEqual([200, 429, 401, 401]);
  });

  it('refuses a burst from one address with Retry-After, whatever its credentials, and lets others pass', async () => {
    const environment = { LEDGER_RATE_LIMIT: '0', LEDGER_ADDRESS_RATE_LIMIT: '0.4' };
    const url = await running.startAnother({ ...environment, LEDGER_TRUSTED_PROXIES: '127.0.0.1' });
    const from = (forwarded: string, headers = {}) =>
      running.callAt<Problem>(url, 'GET', '/health/live', { ...headers, 'x-forwarded-for': forwarded });
    const guests = Array.from({ length: 30 }, (_, index) => from('203.0.113.7', bearer(`guess ${index}`)));
    const answers = await Promise.all(guests);
    const refused = answers.filter(({ status }) => status === 429);
    const passed = answers.filter(({ status }) => status === 200);
    expect(passed.length).toBeGreaterThanOrEqual(2);
    expect(refused.length).toBeGreaterThan(0);
    expect(passed.length + refused.length).toBe(answers.length);
    for (const { headers, body } of refused) {
      expect(body).toMatchObject({ code: 'TOO_MANY_REQUESTS', retryable: true });
      expect(headers.get('ratelimit-policy')).toBe('"address";q=2;w=5');
      expect(headers.get('ratelimit')).toMatch(/^"address";r=0;t=[123]$/);
      expect(headers.get('retry-after')).toMatch(/^[123]$/);
    }
    // Others are not affected, and what a client claims before the proxy's own word counts for nothing.
    for (const other of ['198.51.100.9', '203.0.113.7, 198.51.100.10', '2001:db8:0:1::7']) {
      const { status, headers } = await from(other);
      expect([other, status, headers.get('ratelimit')]).toEqual([other, 200, '"address";r=1;t=3']);
    }
    // One customer’s IPv6 network is one address.
    const network = await Promise.all(
      Array.from({ length: 12 }, (_, host) => host).map((host) => from(`2001:db8:0:2::${host}`)),
    );
    expect(network.some(({ status }) => status === 429)).toBe(true);
    // It passes again after the time that it was told.
    await until(async () => (await from('203.0.113.7')).status === 200, {
      pollMs: 200,
      describe: 'the bucket to fill',
    });
  });

  it('takes no proxy’s word where none is trusted: one client cannot be many addresses', async () => {
    const url = await running.startAnother({ LEDGER_RATE_LIMIT: '0', LEDGER_ADDRESS_RATE_LIMIT: '0.4' });
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        running.callAt(url, 'GET', '/health/live', { 'x-forwarded-for': `198.51.100.${index}` }),
      ),
    );
    expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThan(0);
  });

  it('answers DEADLINE_EXCEEDED when the database makes a change wait, and the change may still happen', async () => {
    const owner = running.owner;
    const agent = (await owner.createAgent({ name: 'slow' })).id;
    const session = await owner.createSession({ agentId: agent });
    const blocker = new pg.Client({ connectionString: running.database.url });
    await blocker.connect();
    await blocker.query('begin');
    await blocker.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [sessionStream(session.id)]);
    const impatient = await running.startAnother({ LEDGER_REQUEST_DEADLINE: '1' });
    const path = `/v1/sessions/${session.id}`;
    const late = await running.callAt<Problem>(impatient, 'DELETE', path, running.ownerHeaders);
    expect([late.status, late.body.code, late.body.retryable]).toEqual([503, 'DEADLINE_EXCEEDED', true]);
    await blocker.query('rollback');
    await blocker.end();
    await until(async () => (await owner.session(session.id)).status === 'revoked', {
      describe: 'the change to happen',
    });
  });

  it('ends a request whose headers or whose body trickle in', async () => {
    for (const answer of await trickling) {
      expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n[\s\S]*application\/problem\+json[\s\S]*too slowly/);
    }
  });
});
