import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { errorsOf, EXAMPLE_IDS, ROUTES, type Credential, type Problem, type Route } from '#libs/contracts';
import { agedSession } from './aged-session.js';
import { endDeliveries } from './route-world.js';
import { bearer, RunningApi } from './running-api.js';
import { TestHolder } from './test-holder.js';

let running: RunningApi;
/** Real ids in the place of the examples'. */
const real = new Map<string, string>();
let sessionToken: string;
let resourceKey: string;
let ending: AsyncDisposable;

beforeAll(async () => {
  running = await RunningApi.start({ LEDGER_RATE_LIMIT: '0', LEDGER_ADDRESS_RATE_LIMIT: '0' });
});
beforeAll(async () => {
  ending = await endDeliveries(running, 'dead');
  await prepare('the delivery');
  const channelId = real.get(EXAMPLE_IDS.channel);
  const delivery = await running.owner.testChannel(channelId as string);
  real.set(EXAMPLE_IDS.delivery, delivery.id).set(EXAMPLE_IDS.notification, delivery.notificationId);
});
afterAll(async () => {
  await ending?.[Symbol.asyncDispose]();
  await running?.[Symbol.asyncDispose]();
});

/** A fresh world for one example: what one destroys, another needs. */
async function prepare(tag: string): Promise<void> {
  const { owner } = running;
  await owner.releaseKillSwitch();
  const agent = await owner.createAgent({ name: `agent for ${tag}` });
  const session = await owner.createSession({ agentId: agent.id });
  const held = await owner.createSession({ agentId: agent.id, supersede: false });
  const body = (name: string) =>
    ROUTES.find((route) => `${route.method} ${route.path}` === name)?.example?.body as object;
  const holder = await owner.registerHolder({ ...body('POST /v1/holders'), sessionId: held.id } as never);
  const key = await running.call<{ id: string; key: string }>('POST', '/v1/api-keys', running.ownerHeaders, {
    name: 'a resource server',
    role: 'resource',
  });
  const channel = await owner.createChannel({ ...body('POST /v1/channels'), name: `channel for ${tag}` } as never);
  sessionToken = session.token as string;
  resourceKey = key.body.key;
  const ids = {
    agent: agent.id,
    session: session.id,
    holder: holder.id,
    channel: channel.id,
    apiKey: key.body.id,
  };
  for (const [name, id] of Object.entries(ids)) real.set(EXAMPLE_IDS[name as keyof typeof EXAMPLE_IDS], id);
}

function withRealIds<T>(value: T): T {
  const text = [...real].reduce((json, [example, id]) => json.replaceAll(example, id), JSON.stringify(value ?? null));
  return JSON.parse(text) as T;
}

function headersOf(credentials: readonly Credential[]): Record<string, string> {
  if (credentials.includes('none')) return {};
  if (credentials.includes('owner')) return running.ownerHeaders;
  return credentials.includes('session') ? bearer(sessionToken) : bearer(resourceKey);
}

async function send(route: Route): Promise<Response> {
  const { params = {}, query = {}, body } = withRealIds(route.example ?? {});
  const path = route.path.replace(/:(\w+)/g, (_, name: string) => params[name] ?? '');
  const encoded = route.form ? new URLSearchParams(body as Record<string, string>) : JSON.stringify(body);
  const media = route.form ? 'application/x-www-form-urlencoded' : 'application/json';
  return fetch(`${running.url}${path}?${new URLSearchParams(query).toString()}`, {
    method: route.method,
    headers: { ...headersOf(route.credentials), ...(body !== undefined && { 'content-type': media }) },
    ...(body !== undefined && { body: encoded }),
  });
}

describe('every example of the OpenAPI document', () => {
  const withExample = ROUTES.filter(({ example }) => example !== undefined);

  it.each(withExample.map((route) => [`${route.method} ${route.path}`, route] as const))(
    '%s works',
    async (name, route) => {
      await prepare(name);
      const response = await send(route);
      const text = await response.text();
      const answer = route.answers[response.status];
      if (!answer) throw new Error(`${name} answered ${response.status}, which the document does not have: ${text}`);
      if (!answer.schema) return;
      expect(response.headers.get('content-type')).toContain('application/json');
      const parsed = answer.schema.safeParse(JSON.parse(text));
      expect(parsed.error?.issues ?? []).toEqual([]);
    },
  );

  /** Routes whose request needs a signature, a wait, a stream or a fork: each sent as a client would. */
  const MADE: Record<string, () => Promise<Response>> = {
    'DELETE /v1/silences/:id': async () => {
      const body = { duration: 60, reason: 'planned work' };
      const { id } = await running.owner.http.call('POST /v1/silences', { body });
      return fetch(`${running.url}/v1/silences/${id}`, { method: 'DELETE', headers: running.ownerHeaders });
    },
    'GET /v1/updates': async () => {
      const stream = await fetch(`${running.url}/v1/updates`, { headers: bearer(sessionToken) });
      await stream.body?.cancel();
      return stream;
    },
    'POST /v1/holders/receipts': async () => {
      const session = await running.session();
      const holder = await TestHolder.register(running, session.id);
      const path = '/v1/holders/receipts';
      const headers = { ...(await holder.proof('POST', path)), 'content-type': 'application/json' };
      const body = JSON.stringify({ sessionId: session.id, generation: 0 });
      return fetch(running.url + path, { method: 'POST', headers, body });
    },
    'POST /v1/holders/token': async () => {
      const holder = await TestHolder.register(running, (await running.session()).id);
      const path = '/v1/holders/token';
      return fetch(running.url + path, { method: 'POST', headers: await holder.proof('POST', path) });
    },
    // Nothing has forked here: the refusal that the document has.
    'POST /v1/log/adopt': () => fetch(`${running.url}/v1/log/adopt`, { method: 'POST', headers: running.ownerHeaders }),
    'PUT /v1/sessions/:id/renew': async () => {
      const { id, token } = await agedSession(running);
      return fetch(`${running.url}/v1/sessions/${id}/renew`, { method: 'PUT', headers: bearer(token) });
    },
  };

  it.each(Object.keys(MADE))('is not there for %s, which answers as the document says all the same', async (name) => {
    await prepare(`made ${name}`);
    const route = ROUTES.find(({ method, path }) => `${method} ${path}` === name) as Route;
    const response = await (MADE[name] as () => Promise<Response>)();
    if (name === 'POST /v1/log/adopt') {
      expect(errorsOf(route)).toContain(((await response.json()) as Problem).code);
      return;
    }
    const answer = route.answers[response.status];
    expect([response.status, answer]).toEqual([response.status, expect.anything()]);
    if (answer?.schema) expect(answer.schema.safeParse(await response.json()).error?.issues ?? []).toEqual([]);
  });

  it('is there for all routes but those that need a signature, a wait or a stream', () => {
    const without = ROUTES.filter(({ example }) => example === undefined).map(
      ({ method, path }) => `${method} ${path}`,
    );
    expect(without.sort()).toEqual(Object.keys(MADE).sort());
  });
});
