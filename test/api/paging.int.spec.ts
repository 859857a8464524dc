import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { ROUTES, type ChannelView, type List, type Problem } from '#libs/contracts';
import { RunningApi } from './running-api.js';
import { TestHolder } from './test-holder.js';

const MANY = 7;
let api: RunningApi;
let sessionId: string;

/** Every list of the surface. */
const LISTS = ROUTES.filter(({ method, answers }) => method === 'GET' && isList(answers[200]?.schema));

function isList(schema: unknown): boolean {
  const { shape } = (schema ?? {}) as { shape?: object };
  return shape !== undefined && 'items' in shape && 'nextCursor' in shape;
}

beforeAll(async () => {
  api = await RunningApi.start({ LEDGER_RATE_LIMIT: '0', LEDGER_ADDRESS_RATE_LIMIT: '0' });
  const { owner, ownerHeaders } = api;
  const agent = await api.agent();
  const session = await owner.createSession({ agentId: agent.id });
  sessionId = session.id;
  const channels: ChannelView[] = [];
  for (let number = 1; number <= MANY; number++) {
    await api.session({ agentId: agent.id, supersede: false });
    await api.session();
    await owner.rotateSession(sessionId);
    await TestHolder.register(api, sessionId, `holder-${number}`);
    await api.call('POST', '/v1/api-keys', ownerHeaders, { name: `key ${number}`, role: 'auditor' });
    await api.call('POST', '/v1/silences', ownerHeaders, { agentId: agent.id, mode: 'snooze', duration: 3600 });
    const body = { type: 'webhook', name: `channel ${number}`, config: { url: 'https://hooks.example.com' } };
    const priority = [100, 7, 1000][number % 3];
    channels.push((await api.call<ChannelView>('POST', '/v1/channels', ownerHeaders, { ...body, priority })).body);
  }
  await deliveriesFor(channels);
  await api.caughtUp();
});
afterAll(() => api?.[Symbol.asyncDispose]());

/** What a notifier would queue. */
async function deliveriesFor(channels: readonly ChannelView[]): Promise<void> {
  const client = new pg.Client({ connectionString: api.database.url });
  await client.connect();
  for (const { id } of channels) {
    const notification = randomUUID();
    await client.query(
      `insert into deliveries.notification (notification_id, event_id, stage, event_type, level, envelope, deadline)
       values ($1, $1, 'test', 'ChannelTest', 0, '{}', now())`,
      [notification],
    );
    await client.query(
      `insert into deliveries.delivery (delivery_id, notification_id, channel_id, recipient, deadline)
       values ($1, $2, $3, 'owner', now())`,
      [randomUUID(), notification, id],
    );
  }
  await client.end();
}

async function list(path: string): Promise<List<{ id: string }> & { links: Map<string, string> }> {
  const { status, body, headers } = await api.call<List<{ id: string }>>('GET', path, api.ownerHeaders);
  expect([path, status]).toEqual([path, 200]);
  const links = [...(headers.get('link') ?? '').matchAll(/<([^>]+)>; rel="(\w+)"/g)];
  return { ...body, links: new Map(links.map(([, link = '', rel = '']) => [rel, link])) };
}

/** From a page on along one relation: the pages, and where the last one is. */
async function follow(begin: string, rel: 'next' | 'prev'): Promise<{ pages: string[][]; end: string }> {
  const pages: string[][] = [];
  for (let path: string | undefined = begin, end = begin; ; end = path) {
    const page = await list(path);
    pages.push(page.items.map(({ id }) => id));
    expect(page.items.length).toBeGreaterThan(0);
    path = page.links.get(rel);
    if (path === undefined) return { pages, end };
  }
}

function pathOf(route: string): string {
  return route.replace(':id', sessionId);
}

describe('every list', () => {
  it('is among those that are walked', () => {
    expect(LISTS.map(({ path }) => path).sort()).toEqual([
      '/v1/agents',
      '/v1/api-keys',
      '/v1/audit',
      '/v1/channels',
      '/v1/deliveries',
      '/v1/holders',
      '/v1/sessions',
      '/v1/sessions/:id/events',
      '/v1/silences',
    ]);
  });

  it.each(LISTS.map(({ path }) => path))(
    '%s pages both ways by its Link headers, without a gap or a repetition',
    async (route) => {
      const path = pathOf(route);
      const all = (await list(`${path}?limit=200`)).items.map(({ id }) => id);
      expect(all.length).toBeGreaterThanOrEqual(MANY);
      expect(new Set(all).size).toBe(all.length);
      const begin = `${path}?limit=3`;
      const forth = await follow(begin, 'next');
      expect(forth.pages.flat()).toEqual(all);
      expect(forth.pages.slice(0, -1).every((page) => page.length === 3)).toBe(true);
      const back = await follow(forth.end, 'prev');
      expect(back.pages.reverse().flat()).toEqual(all);
      expect((await list(begin)).links.has('prev')).toBe(false);
    },
  );

  it.each(LISTS.map(({ path }) => path))('%s refuses a cursor that is none', async (route) => {
    const { status, body } = await api.call<Problem>('GET', `${pathOf(route)}?cursor=bmV4dDp4`, api.ownerHeaders);
    expect([status, body.code]).toEqual([400, 'BAD_REQUEST']);
  });
});
