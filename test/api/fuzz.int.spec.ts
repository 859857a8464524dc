import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ERRORS, EXAMPLE_IDS, ROUTES, type Problem, type Route } from '#libs/contracts';
import { bearer, RunningApi } from './running-api.js';

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 12);
let running: RunningApi;
let token: string;

beforeAll(async () => {
  running = await RunningApi.start({ LEDGER_RATE_LIMIT: '0', LEDGER_ADDRESS_RATE_LIMIT: '0' });
  const { id: agentId } = await running.owner.createAgent({ name: 'fuzzed' });
  token = (await running.owner.createSession({ agentId })).token as string;
});
afterAll(() => running?.[Symbol.asyncDispose]());

/** Values that break parsers, counters, prototypes and databases. */
const nasty = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    [],
    {},
    '',
    0,
    -1,
    1e308,
    -1e308,
    2 ** 53,
    Number.MIN_VALUE,
    1e22,
    'null',
    '\u0000',
    'a\u0000b',
    '\ud800',
    '\u202e',
    'x'.repeat(5000),
    "'; drop schema ledger cascade; --",
    '${jndi:ldap://x}',
    '../../etc/passwd',
    '__proto__',
    '1e999',
    'NaN',
    '0x10',
    '2026-02-30T00:00:00Z',
    '+275761-01-01T00:00:00Z',
    EXAMPLE_IDS.agent,
  ),
  fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<unknown>,
  fc.string({ unit: 'binary' }),
);
const PROTOTYPES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'];

function jsonOf(route: Route): fc.Arbitrary<string> {
  const fields = Object.keys((route.example?.body as object | undefined) ?? { name: 1 });
  const names = fc.constantFrom(...fields, ...PROTOTYPES);
  const mutated = fc.array(fc.tuple(names, nasty), { minLength: 1, maxLength: 4 }).map((pairs) => {
    const good = Object.entries((route.example?.body as object | undefined) ?? {});
    const members = [...good, ...pairs].map(
      ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value) ?? 'null'}`,
    );
    return `{${members.join(',')}}`;
  });
  const torn = fc.constantFrom(
    '{',
    '[',
    '"',
    '{"a":',
    'nul',
    '[[[['.repeat(2000),
    '{"a":1}}',
    '\ufeff{}',
    '1e99999',
    '"\\ud800"',
  );
  return fc.oneof(
    mutated,
    nasty.map((value) => JSON.stringify(value) ?? 'null'),
    torn,
  );
}

const segment = fc.oneof(
  fc.constantFrom(
    EXAMPLE_IDS.agent,
    '%00',
    '%ff',
    '..',
    '%2e%2e%2f',
    'null',
    '1',
    'a'.repeat(3000),
    '%F0%28',
    "'",
    '019A9F3C-0000-7000-8000-0000000000A1',
  ),
  fc.string({ minLength: 1, maxLength: 40 }).map((text) => encodeURIComponent(wellFormed(text))),
);
const query = fc
  .array(
    fc.tuple(
      fc.constantFrom(
        'limit',
        'cursor',
        'at',
        'minVersion',
        'from',
        'to',
        'text',
        'actor',
        'type',
        'agentId',
        'status',
        'idPrefix',
        '__proto__',
        'before',
      ),
      nasty.map((value) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))),
    ),
    { maxLength: 4 },
  )
  .map((pairs) =>
    pairs.map(([name, value]) => `${name}=${encodeURIComponent(wellFormed(value.slice(0, 600)))}`).join('&'),
  );

async function statusOf(
  route: Route,
  input: { path: string; query: string; body: string; headers: Record<string, string> },
) {
  const media = route.form ? 'application/x-www-form-urlencoded' : 'application/json';
  const response = await fetch(`${running.url}${input.path}?${input.query}`, {
    method: route.method,
    headers: { ...input.headers, ...(route.method !== 'GET' && { 'content-type': media }) },
    ...(route.method !== 'GET' && { body: input.body }),
    signal: AbortSignal.timeout(15_000),
  });
  const text = await response.text();
  if (response.status >= 500) return `${response.status} ${text}`;
  if (response.status >= 400) expect(Object.keys(ERRORS)).toContain((JSON.parse(text) as Problem).code);
  return response.status;
}

describe('fuzzing', () => {
  // An endless stream, and the switch that would turn everything off.
  const routes = ROUTES.filter(
    ({ path, method }) => path !== '/v1/updates' && !(path === '/v1/kill-switch' && method !== 'GET'),
  );

  it.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))(
    '%s never answers 5xx',
    async (_, route) => {
      const credentials = [
        running.ownerHeaders,
        bearer(token),
        {},
        bearer('sl_key_x'),
        bearer('a.b.c'),
        { authorization: '\u00ff' },
      ];
      await fc.assert(
        fc.asyncProperty(
          fc.array(segment, { minLength: 2, maxLength: 2 }),
          query,
          jsonOf(route),
          fc.constantFrom(...credentials.slice(0, 3), ...credentials),
          async (segments, queryText, body, headers) => {
            const path = route.path.replace(/:\w+/g, () => segments[0] ?? 'x');
            const status = await statusOf(route, { path, query: queryText, body, headers: { ...headers } });
            expect(typeof status === 'number' && status < 500 ? 'fine' : status).toBe('fine');
          },
        ),
        { numRuns: RUNS, endOnFailure: true },
      );
    },
  );

  it('never answers 5xx to invalid UTF-8 in a body', async () => {
    for (const { method, path, form } of routes.filter((route) => route.body !== undefined)) {
      const response = await fetch(running.url + path.replace(/:\w+/g, EXAMPLE_IDS.agent), {
        method,
        headers: {
          ...running.ownerHeaders,
          'content-type': form ? 'application/x-www-form-urlencoded' : 'application/json',
        },
        body: Buffer.concat([
          Buffer.from('{"name":"'),
          Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0xed, 0xa0, 0x80]),
          Buffer.from('"}'),
        ]),
      });
      expect([`${method} ${path}`, response.status < 500]).toEqual([`${method} ${path}`, true]);
      await response.arrayBuffer();
    }
  });

  it('survives torn and smuggled requests on the wire', async () => {
    const { hostname, port } = new URL(running.url);
    const requests = [
      'GET / HTTP/9.9\r\n\r\n',
      'POST /v1/agents HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n',
      'POST /v1/agents HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
      'GET /v1/agents HTTP/1.1\r\nHost: x\r\nX: a\u0000b\r\n\r\n',
      '\x16\x03\x01\x02\x00\x01\x00',
    ];
    for (const text of requests) {
      const socket = connect(Number(port), hostname);
      socket.on('error', () => undefined);
      socket.end(text);
      let answer = '';
      for await (const chunk of socket) answer += String(chunk);
      expect(answer).not.toMatch(/^HTTP\/1\.1 5/);
    }
    expect((await running.call('GET', '/health/ready')).status).toBe(200);
  });
});

/** Lone surrogates cannot be percent-encoded. */
function wellFormed(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
