import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import {
  type AgentDefaults,
  EXAMPLE_IDS,
  ROUTES,
  type ChannelView,
  type DeliveryView,
  type Problem,
  type Route,
} from '#libs/contracts';
import { type Reply, RunningApi } from './running-api.js';

let api: RunningApi;
let owner: pg.Client;

beforeAll(async () => {
  api = await RunningApi.start({ LEDGER_RATE_LIMIT: '0', LEDGER_ADDRESS_RATE_LIMIT: '0' });
  owner = new pg.Client({ connectionString: api.database.url });
  await owner.connect();
});
afterAll(async () => {
  await owner?.end();
  await api?.[Symbol.asyncDispose]();
});

const POSTS = ROUTES.filter(({ method }) => method === 'POST');
const nameOf = ({ path }: Route) => path;
/** Why a POST takes no key. */
const WITHOUT_KEY = {
  '/oauth/introspect': 'it changes nothing',
  '/oauth/revoke': 'what has ended cannot end again; clients of RFC 7009 send no key',
  '/v1/holders/receipts': 'the same receipt is the same state',
  '/v1/holders/token': 'an assertion is for one request; the token is the same one',
};

/** Everything that a POST of the owner's can change. */
async function world(): Promise<unknown> {
  const { rows } = await owner.query(`
    select (select count(*) from ledger.event) as events, (select count(*) from deliveries.silence) as silences,
      (select json_agg(c order by channel_id) from (select channel_id, version from deliveries.channel) c) as channels,
      (select json_agg(d order by delivery_id) from (select delivery_id, status from deliveries.delivery) d) as deliveries,
      (select count(*) from ledger.signing_key) as keys, (select json_agg(r) from ledger.relay r) as relay`);
  return rows[0];
}

interface Request {
  path: string;
  body?: unknown;
}

/** A request that works, in a world of its own. */
async function requestOf({ path, example }: Route): Promise<Request> {
  const session = await api.session();
  const webhook = { type: 'webhook', name: randomUUID(), config: { url: 'https://hooks.example.com' } };
  const channel = (await api.call<ChannelView>('POST', '/v1/channels', api.ownerHeaders, webhook)).body;
  const delivery = await deadDelivery(channel.id);
  await owner.query(`update ledger.relay set forked = 'another history', adopt_requested = false`);
  const ids: Record<string, string> = {
    [EXAMPLE_IDS.agent]: session.agentId,
    [EXAMPLE_IDS.session]: session.id,
    [EXAMPLE_IDS.channel]: channel.id,
    [EXAMPLE_IDS.delivery]: delivery,
  };
  const real = <T>(value: T): T =>
    JSON.parse(Object.entries(ids).reduce((text, [a, b]) => text.replaceAll(a, b), JSON.stringify(value))) as T;
  const id = real(example?.params ?? {})['id'] ?? '';
  const body = example?.body === undefined ? undefined : real(example.body);
  const named = body !== undefined && 'name' in (body as object) ? { ...(body as object), name: randomUUID() } : body;
  return { path: path.replace(':id', id), ...(named !== undefined && { body: named }) };
}

async function deadDelivery(channelId: string): Promise<string> {
  const id = randomUUID();
  await owner.query(
    `insert into deliveries.notification (notification_id, event_id, stage, event_type, level, envelope, deadline)
     values ($1, $1, 'alert', 'SessionExpired', 1, '{}', now())`,
    [id],
  );
  await owner.query(
    `insert into deliveries.delivery (delivery_id, notification_id, channel_id, recipient, deadline, status, attempts)
     values ($1, $1, $2, 'owner', now(), 'dead', 3)`,
    [id, channelId],
  );
  return id;
}

function post({ path, body }: Request, key?: string): Promise<Reply<Record<string, unknown>>> {
  const headers = { ...api.ownerHeaders, ...(key !== undefined && { 'idempotency-key': key }) };
  return api.call('POST', path, headers, body);
}

/** The test of a channel waits for its outcome; no notifier runs here. */
async function outcomes<T>(work: Promise<T>): Promise<T> {
  let isOver = false;
  const over = work.finally(() => (isOver = true));
  while (!isOver) {
    await owner.query(`update deliveries.delivery set status = 'delivered' where status = 'pending' and attempts = 0`);
    await Promise.race([over, new Promise((resolve) => setImmediate(resolve))]);
  }
  return over;
}

/** What only the first answer has: a key of which the hash alone is kept. */
function comparable({ status, body }: Reply<Record<string, unknown>>): unknown {
  return { status, body: 'key' in body ? { ...body, key: null } : body };
}

describe('POST with an Idempotency-Key', () => {
  it('is every POST but those that have a reason', () => {
    expect(
      POSTS.filter(({ idempotent }) => idempotent !== true)
        .map(nameOf)
        .sort(),
    ).toEqual(Object.keys(WITHOUT_KEY).sort());
  });

  describe.each(POSTS.filter(({ idempotent }) => idempotent).map((route) => [nameOf(route), route] as const))(
    '%s',
    (_, route) => {
      it('answers a repetition as the first time, and does it once', async () => {
        const [request, key] = [await requestOf(route), randomUUID()];
        const before = await world();
        const first = await outcomes(post(request, key));
        expect(Object.keys(route.answers)).toContain(String(first.status));
        const after = await world();
        expect(after).not.toEqual(before);
        const second = await outcomes(post(request, key));
        expect(comparable(second)).toEqual(comparable(first));
        expect(await world()).toEqual(after);
      });

      it('answers five at the same moment alike, and does it once', async () => {
        const [request, key] = [await requestOf(route), randomUUID()];
        const answers = await outcomes(Promise.all(Array.from({ length: 5 }, () => post(request, key))));
        const after = await world();
        for (const answer of answers) expect(comparable(answer)).toEqual(comparable(answers[0] as never));
        expect(comparable(await outcomes(post(request, key)))).toEqual(comparable(answers[0] as never));
        expect(await world()).toEqual(after);
      });

      it('refuses the key for another request', async () => {
        const [request, key] = [await requestOf(route), randomUUID()];
        await outcomes(post(request, key));
        const after = await world();
        const other = await outcomes(post({ ...request, path: `${request.path}?other=1` }, key));
        expect([other.status, other.body['code']]).toEqual([409, 'IDEMPOTENCY_KEY_REUSED']);
        expect(await world()).toEqual(after);
      });

      it('refuses a key that is none', async () => {
        const { status, body } = await outcomes(post(await requestOf(route), 'with a space'));
        expect([status, body['code']]).toEqual([400, 'BAD_REQUEST']);
      });
    },
  );

  it('shows a secret that it made again, as long as the channel has it', async () => {
    const route = POSTS.find(({ path }) => path === '/v1/channels') as Route;
    const [request, key] = [await requestOf(route), randomUUID()];
    const first = await post(request, key);
    expect(first.body['secret']).toMatch(/^whsec_/);
    expect((await post(request, key)).body['secret']).toBe(first.body['secret']);
    await post({ path: `/v1/channels/${String(first.body['id'])}/rotate-secret` });
    expect((await post(request, key)).body['secret']).toBeUndefined();
  });

  it('tells how far a redelivery has come, and does not begin it again', async () => {
    const route = POSTS.find(({ path }) => path.endsWith('/redeliver')) as Route;
    const [request, key] = [await requestOf(route), randomUUID()];
    expect((await post(request, key)).body['status']).toBe('retry');
    await owner.query(`update deliveries.delivery set status = 'dead', next_attempt_at = null where status = 'retry'`);
    const again = await post(request, key);
    expect([again.status, (again.body as unknown as DeliveryView).status]).toEqual([200, 'dead']);
  });

  it('is one credential’s own: another’s same key is another request', async () => {
    const auditor = { name: randomUUID(), role: 'owner' };
    const made = await api.call<{ key: string }>('POST', '/v1/api-keys', api.ownerHeaders, auditor);
    const [body, key] = [{ name: randomUUID() }, randomUUID()];
    expect((await post({ path: '/v1/agents', body }, key)).status).toBe(201);
    const headers = { authorization: `Bearer ${made.body.key}`, 'idempotency-key': key };
    const other = await api.call<Problem>('POST', '/v1/agents', headers, body);
    expect([other.status, other.body.code]).toEqual([409, 'NAME_TAKEN']);
  });
});

describe('PATCH of an agent', () => {
  it('to the defaults that it has already records nothing, in whatever order the database keeps them', async () => {
    const { id } = await api.agent();
    const change = (defaultConstraints: AgentDefaults) => api.owner.updateAgent(id, { defaultConstraints });
    const changed = await change({ expiresIn: 3600, audiences: ['a', 'b'] });
    const after = await world();
    expect(await change({ expiresIn: 3600, audiences: ['a', 'b'] })).toEqual(changed);
    expect(await world()).toEqual(after);
    await change({ expiresIn: 3600, audiences: ['b', 'a'] });
    expect(await world()).not.toEqual(after);
  });
});
