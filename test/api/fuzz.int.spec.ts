import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type DeliveryView, ERRORS, errorsOf, type Problem, type Route, ROUTES } from '#libs/contracts';
import { segment, headers as wrongHeaders, jsonLike, query } from './fuzz-inputs.js';
import { admitted, endDeliveries, goodBodyOf, goodPathOf, routeWorld } from './route-world.js';
import { bearer, RunningApi } from './running-api.js';

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 12);
let running: RunningApi;
let delivery: DeliveryView;
let ending: AsyncDisposable;

beforeAll(async () => {
  running = await RunningApi.start({ LEDGER_RATE_LIMIT: '0', LEDGER_ADDRESS_RATE_LIMIT: '0' });
  ending = await endDeliveries(running, 'delivered');
  delivery = await running.owner.testChannel((await routeWorld(running)).channelId);
});
afterAll(async () => {
  await ending?.[Symbol.asyncDispose]();
  await running?.[Symbol.asyncDispose]();
});

interface Input {
  path: string;
  /** Whether the path is that of the route, with ids of things that are there. */
  isRoute: boolean;
  query: string;
  body: string;
  headers: Record<string, string>;
}

async function statusOf(route: Route, input: Input): Promise<number | string> {
  const media = route.form ? 'application/x-www-form-urlencoded' : 'application/json';
  const enough = new AbortController();
  const response = await fetch(`${running.url}${input.path}?${input.query}`, {
    method: route.method,
    headers: { ...(route.method !== 'GET' && { 'content-type': media }), ...input.headers },
    ...(route.method !== 'GET' && { body: input.body }),
    signal: AbortSignal.any([enough.signal, AbortSignal.timeout(15_000)]),
  });
  if (response.headers.get('content-type')?.startsWith('text/event-stream') === true) {
    enough.abort();
    return response.status;
  }
  const text = await response.text();
  if (response.status >= 500) return `${response.status} ${text}`;
  if (response.status >= 400) {
    const { code } = JSON.parse(text) as Problem;
    // Another path may be another route, or none.
    const listed = input.isRoute ? errorsOf(route) : Object.keys(ERRORS);
    if (!listed.some((one) => one === code)) return `${code}, which the document does not list`;
  }
  return response.status;
}

describe('fuzzing', () => {
  it.each(ROUTES.map((route) => [`${route.method} ${route.path}`, route] as const))(
    '%s never answers 5xx, however far a request comes',
    async (_, route) => {
      const here = await routeWorld(running, delivery);
      const strangers = [
        bearer(here.session.token),
        {},
        bearer('sl_key_x'),
        bearer('a.b.c'),
        { authorization: '\u00ff' },
      ];
      const reached = new Set<number>();
      await fc.assert(
        fc.asyncProperty(
          fc.option(segment, { freq: 3 }),
          query,
          jsonLike(goodBodyOf(route, here)),
          fc.option(fc.constantFrom(...strangers), { freq: 3 }),
          wrongHeaders,
          async (wrongId, queryText, body, stranger, wrong) => {
            const path = wrongId === null ? goodPathOf(route, here) : route.path.replace(/:\w+/, () => wrongId);
            const headers = { ...wrong, ...(stranger ?? (await admitted(running, route, path, here))) };
            const status = await statusOf(route, { path, isRoute: wrongId === null, query: queryText, body, headers });
            if (route.path === '/v1/kill-switch') await running.owner.releaseKillSwitch();
            if (typeof status === 'number') reached.add(status);
            expect(typeof status === 'number' && status < 500 ? 'fine' : status).toBe('fine');
          },
        ),
        { numRuns: RUNS, endOnFailure: true },
      );
      // Where chance has let nobody in, one who may enter shows that it is no closed door.
      if (![...reached].some((status) => status !== 401)) {
        const path = goodPathOf(route, here);
        const body = JSON.stringify(goodBodyOf(route, here));
        const headers = await admitted(running, route, path, here);
        const status = await statusOf(route, { path, isRoute: true, query: '', body, headers });
        if (typeof status === 'number') reached.add(status);
      }
      // Not all of it was turned away at the first door.
      expect([...reached].some((status) => status !== 401)).toBe(true);
    },
  );

  it('never answers 5xx to invalid UTF-8 in a body', async () => {
    for (const route of ROUTES.filter(({ body }) => body !== undefined)) {
      const { method, form } = route;
      const here = await routeWorld(running, delivery);
      const path = goodPathOf(route, here);
      const response = await fetch(running.url + path, {
        method,
        headers: {
          ...(await admitted(running, route, path, here)),
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
