import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import {
  ERRORS,
  EXAMPLE_IDS,
  ROUTES,
  type Credential,
  type DeliveryView,
  type Problem,
  type Route,
} from '#libs/contracts';
import { segment, headers as wrongHeaders, jsonLike, query } from './fuzz-inputs.js';
import { bearer, RunningApi } from './running-api.js';
import { TestHolder } from './test-holder.js';

const DELIVER = `update deliveries.delivery set status = 'delivered', next_attempt_at = null where status = 'pending'`;
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 12);
let running: RunningApi;
let delivery: DeliveryView;
let database: pg.Client;
let arriving: NodeJS.Timeout;

beforeAll(async () => {
  running = await RunningApi.start({ LEDGER_RATE_LIMIT: '0', LEDGER_ADDRESS_RATE_LIMIT: '0' });
  database = new pg.Client({ connectionString: running.database.url });
  await database.connect();
  // The test of a channel waits for its outcome, and no notifier runs here.
  arriving = setInterval(() => void database.query(DELIVER), 50);
  const { channelId } = await world();
  delivery = (await running.call<DeliveryView>('POST', `/v1/channels/${channelId}/test`, running.ownerHeaders)).body;
});
afterAll(async () => {
  clearInterval(arriving);
  await database?.end();
  await running?.[Symbol.asyncDispose]();
});

/** Things that exist, so that a request comes as far as it can: one route destroys what another needs. */
async function world() {
  const session = await running.session();
  const holder = await TestHolder.register(running, session.id, 'fuzzed');
  const body = { type: 'webhook', name: randomUUID(), config: { url: 'https://hooks.example.com/ledger' } };
  const channel = await running.call<{ id: string }>('POST', '/v1/channels', running.ownerHeaders, body);
  const key = { name: 'fuzzed', role: 'resource' };
  const apiKey = await running.call<{ id: string; key: string }>('POST', '/v1/api-keys', running.ownerHeaders, key);
  const ids: Record<string, string> = {
    [EXAMPLE_IDS.agent]: session.agentId,
    [EXAMPLE_IDS.session]: session.id,
    [EXAMPLE_IDS.holder]: holder.id,
    [EXAMPLE_IDS.channel]: channel.body.id,
    [EXAMPLE_IDS.apiKey]: apiKey.body.id,
    ...(delivery && { [EXAMPLE_IDS.delivery]: delivery.id, [EXAMPLE_IDS.notification]: delivery.notificationId }),
  };
  const real = <T>(value: T): T =>
    JSON.parse(Object.entries(ids).reduce((text, [a, b]) => text.replaceAll(a, b), JSON.stringify(value))) as T;
  return { session, holder, channelId: channel.body.id, resourceKey: apiKey.body.key, real };
}
type World = Awaited<ReturnType<typeof world>>;

/** Headers of a caller whom the route lets in, made for one request. */
async function admitted({ credentials, method }: Route, path: string, { session, holder, resourceKey }: World) {
  const has = (credential: Credential) => credentials.includes(credential);
  if (has('owner')) return running.ownerHeaders;
  if (has('holder')) return holder.proof(method, path);
  if (has('session')) return bearer(session.token);
  return has('resource') ? bearer(resourceKey) : {};
}

/** A receipt has no example: who sends it signs. */
function goodBodyOf(route: Route, { real, session }: World): object {
  if (route.path === '/v1/holders/receipts') return { sessionId: session.id, generation: 0 };
  return real((route.example?.body as object | undefined) ?? {});
}

interface Input {
  path: string;
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
  if (response.status >= 400) expect(Object.keys(ERRORS)).toContain((JSON.parse(text) as Problem).code);
  return response.status;
}

describe('fuzzing', () => {
  it.each(ROUTES.map((route) => [`${route.method} ${route.path}`, route] as const))(
    '%s never answers 5xx, however far a request comes',
    async (_, route) => {
      const here = await world();
      const strangers = [
        bearer(here.session.token),
        {},
        bearer('sl_key_x'),
        bearer('a.b.c'),
        { authorization: '\u00ff' },
      ];
      const ids = here.real(route.example?.params ?? { id: EXAMPLE_IDS.session });
      const reached = new Set<number>();
      await fc.assert(
        fc.asyncProperty(
          fc.option(segment, { freq: 3 }),
          query,
          jsonLike(goodBodyOf(route, here)),
          fc.option(fc.constantFrom(...strangers), { freq: 3 }),
          wrongHeaders,
          async (wrongId, queryText, body, stranger, wrong) => {
            const path = route.path.replace(/:(\w+)/g, (__, name: string) => wrongId ?? ids[name] ?? '');
            const headers = { ...wrong, ...(stranger ?? (await admitted(route, path, here))) };
            const status = await statusOf(route, { path, query: queryText, body, headers });
            if (route.path === '/v1/kill-switch') await running.owner.releaseKillSwitch();
            if (typeof status === 'number') reached.add(status);
            expect(typeof status === 'number' && status < 500 ? 'fine' : status).toBe('fine');
          },
        ),
        { numRuns: RUNS, endOnFailure: true },
      );
      // Not all of it was turned away at the first door.
      expect([...reached].some((status) => status !== 401)).toBe(true);
    },
  );

  it('never answers 5xx to invalid UTF-8 in a body', async () => {
    for (const route of ROUTES.filter(({ body }) => body !== undefined)) {
      const { method, form } = route;
      const here = await world();
      const ids = here.real(route.example?.params ?? {});
      const path = route.path.replace(/:(\w+)/g, (_, name: string) => ids[name] ?? '');
      const response = await fetch(running.url + path, {
        method,
        headers: {
          ...(await admitted(route, path, here)),
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
