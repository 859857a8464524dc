import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { EXAMPLE_IDS, type Credential, type DeliveryView, type Route, type SessionWithToken } from '#libs/contracts';
import { bearer, type RunningApi } from './running-api.js';
import { TestHolder } from './test-holder.js';

/** Things that exist, so that a request comes as far as it can: one route destroys what another needs. */
export interface RouteWorld {
  session: SessionWithToken;
  holder: TestHolder;
  channelId: string;
  resourceKey: string;
  silenceId: string;
  /** The same value with real ids in the place of the examples'. */
  real: <T>(value: T) => T;
}

export async function routeWorld(api: RunningApi, delivery?: DeliveryView): Promise<RouteWorld> {
  const { http } = api.owner;
  const session = await api.session();
  const config = { url: 'https://hooks.example.com/ledger' };
  const [holder, channel, apiKey, silence] = await Promise.all([
    TestHolder.register(api, session.id, 'routed'),
    http.call('POST /v1/channels', { body: { type: 'webhook', name: randomUUID(), config } }),
    http.call('POST /v1/api-keys', { body: { name: 'of a route', role: 'resource' } }),
    http.call('POST /v1/silences', { body: { duration: 60, reason: 'of a route' } }),
  ]);
  const ids: Record<string, string> = {
    [EXAMPLE_IDS.agent]: session.agentId,
    [EXAMPLE_IDS.session]: session.id,
    [EXAMPLE_IDS.holder]: holder.id,
    [EXAMPLE_IDS.channel]: channel.id,
    [EXAMPLE_IDS.apiKey]: apiKey.id,
    ...(delivery && { [EXAMPLE_IDS.delivery]: delivery.id, [EXAMPLE_IDS.notification]: delivery.notificationId }),
  };
  const real = <T>(value: T): T =>
    JSON.parse(Object.entries(ids).reduce((text, [a, b]) => text.replaceAll(a, b), JSON.stringify(value))) as T;
  return { session, holder, channelId: channel.id, resourceKey: apiKey.key ?? '', silenceId: silence.id, real };
}

/** Headers of a caller whom the route lets in, made for one request. */
export async function admitted(
  api: RunningApi,
  { credentials, method }: Route,
  path: string,
  { session, holder, resourceKey }: RouteWorld,
): Promise<Record<string, string>> {
  const has = (credential: Credential) => credentials.includes(credential);
  if (has('owner')) return api.ownerHeaders;
  if (has('holder')) return holder.proof(method, path);
  if (has('session')) return bearer(session.token);
  return has('resource') ? bearer(resourceKey) : {};
}

/** What the route takes; a name that must be nobody else's is a new one. */
export function goodBodyOf(route: Route, { real, session }: RouteWorld): object {
  // A receipt has no example: who sends it signs.
  if (route.path === '/v1/holders/receipts') return { sessionId: session.id, generation: 0 };
  if (route.form) return { token: session.token };
  const body = real((route.example?.body as object | undefined) ?? {});
  return 'name' in body ? { ...body, name: randomUUID() } : body;
}

/** The route's path with ids of things that are there. */
export function goodPathOf(route: Route, { real, silenceId }: RouteWorld): string {
  const ids = real(route.example?.params ?? { id: EXAMPLE_IDS.session });
  const isSilence = route.path.startsWith('/v1/silences');
  return route.path.replace(/:(\w+)/g, (_, name: string) => (isSilence ? silenceId : ids[name]) ?? '');
}

const STATUS = `update deliveries.delivery set status = $1, next_attempt_at = null, finished_at = now() where status = 'pending'`;

/** From now on deliveries come to this end as soon as they are there: no notifier runs here, and a test of a channel waits. */
export async function endDeliveries(
  api: Pick<RunningApi, 'database'>,
  status: 'delivered' | 'dead',
): Promise<AsyncDisposable> {
  const client = new pg.Client({ connectionString: api.database.url });
  await client.connect();
  let isOver = false;
  const ending = (async () => {
    while (!isOver) {
      await client.query(STATUS, [status]);
      await sleep(50);
    }
  })();
  return {
    async [Symbol.asyncDispose]() {
      isOver = true;
      await ending;
      await client.end();
    },
  };
}
