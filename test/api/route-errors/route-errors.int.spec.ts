import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ERRORS, type ErrorCode, errorsOf, type Route, ROUTES } from '#libs/contracts';
import { until } from '#libs/testing';
import { endDeliveries, goodPathOf, type RouteWorld, routeWorld } from '../route-world.js';
import { bearer, RunningApi } from '../running-api.js';
import { CREDENTIAL_CODES, deadCredentials } from './dead-credentials.js';
import { losing } from './lost-races.js';
import { codeOf, send, type Shot } from './route-request.js';
import { SickInstances, withoutTables } from './sick-instances.js';
import { REQUEST_ERRORS, STATE_ERRORS, wayOf } from './state-errors.js';

const UNLIMITED = { LEDGER_RATE_LIMIT: '0', LEDGER_ADDRESS_RATE_LIMIT: '0' };
const REQUEST_CODES = Object.keys(REQUEST_ERRORS) as ErrorCode[];
const STATE_CODES = Object.keys(STATE_ERRORS) as ErrorCode[];
const FAULTS = ['TOO_MANY_REQUESTS', 'UPSTREAM_UNAVAILABLE', 'DEADLINE_EXCEEDED', 'INTERNAL'] as const;
/** One route alone has them, and `error-table.int.spec.ts` provokes them there. */
const OF_THE_RENEWAL: readonly ErrorCode[] = [
  'SESSION_RENEWAL_MISMATCH',
  'RENEWAL_CONFLICT',
  'HOLDER_REQUIRED',
  'RENEWAL_LIMIT_REACHED',
  'SESSION_ABSOLUTE_LIFETIME_EXCEEDED',
  'RENEWAL_TOO_EARLY',
];

let api: RunningApi;
let world: RouteWorld;
let ownerKey: string | null;
let dead: Awaited<ReturnType<typeof deadCredentials>>;
let sick: SickInstances;
/** An instance with another issuer. */
let another: string;
/** Routes by the errors that the server's own document lists for them. */
let listed: Map<string, Route[]>;

beforeAll(async () => {
  // On a busy machine 64 lost races take longer than a request may.
  api = await RunningApi.start({ ...UNLIMITED, LEDGER_REQUEST_DEADLINE: '300' });
  sick = await SickInstances.start(api, UNLIMITED);
  listed = await listedErrors();
  world = await worldWithDelivery();
  another = await api.startAnother({ ...UNLIMITED, LEDGER_ISSUER: 'https://another.example' });
  dead = await deadCredentials(api, another, world);
  ownerKey = (await api.owner.http.call('POST /v1/api-keys', { body: { name: 'another way in', role: 'owner' } })).key;
});
afterAll(async () => {
  sick?.giveUp();
  await api?.[Symbol.asyncDispose]();
  await sick?.[Symbol.asyncDispose]();
});

async function worldWithDelivery(): Promise<RouteWorld> {
  await using _ending = await endDeliveries(api, 'dead');
  const { channelId } = await routeWorld(api);
  return routeWorld(api, await api.owner.testChannel(channelId));
}

/** Its own, for what changes something: one route destroys what another needs. */
function worldFor(code: ErrorCode, { path }: Route): RouteWorld | Promise<RouteWorld> {
  if (code === 'NOT_FOUND') return world;
  return path.startsWith('/v1/deliveries') ? worldWithDelivery() : routeWorld(api);
}

interface Operation {
  responses: Record<string, { content?: Record<string, { examples?: Record<string, unknown> }> }>;
}

async function listedErrors(): Promise<Map<string, Route[]>> {
  const document = await api.call<{ paths: Record<string, Record<string, Operation>> }>('GET', '/openapi.json');
  const found = new Map<string, Route[]>();
  for (const route of ROUTES) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    const { responses = {} } = document.body.paths[path]?.[route.method.toLowerCase()] ?? {};
    for (const [status, { content = {} }] of Object.entries(responses)) {
      for (const code of Object.values(content).flatMap(({ examples = {} }) => Object.keys(examples))) {
        expect([code, ERRORS[code as ErrorCode].status]).toEqual([code, Number(status)]);
        found.set(code, [...(found.get(code) ?? []), route]);
      }
    }
  }
  return found;
}

function routesOf(code: ErrorCode): Route[] {
  const routes = listed.get(code);
  if (!routes) throw new Error(`no route lists ${code}`);
  return routes;
}

/** Asks each route that lists the code, and answers those from which anything else came. */
async function astray(code: ErrorCode, ask: (route: Route) => Promise<Response>): Promise<string[]> {
  const seen = await Promise.all(
    routesOf(code).map(async (route) => [nameOf(route), await codeOf(await ask(route), route)] as const),
  );
  return seen.filter(([, came]) => came !== code).map(([name, came]) => `${name}: ${came}`);
}

function nameOf({ method, path }: Route): string {
  return `${method} ${path}`;
}

describe('the errors that the OpenAPI document lists for each route', () => {
  it('are those of the route table, and each is provoked below or is the renewal’s alone', () => {
    const fromTable = ROUTES.flatMap((route) => errorsOf(route).map((code) => `${code} ${nameOf(route)}`));
    const fromDocument = [...listed].flatMap(([code, routes]) => routes.map((route) => `${code} ${nameOf(route)}`));
    expect(fromDocument.sort()).toEqual(fromTable.sort());
    const below = [...CREDENTIAL_CODES, ...REQUEST_CODES, ...STATE_CODES, ...FAULTS];
    const all = [...below, 'KILL_SWITCH_ACTIVE', 'VERSION_CONFLICT', ...OF_THE_RENEWAL];
    expect([...listed.keys()].sort()).toEqual(all.sort());
    for (const code of OF_THE_RENEWAL) expect(routesOf(code).map(nameOf)).toEqual(['PUT /v1/sessions/:id/renew']);
  });

  it.each(CREDENTIAL_CODES)('come with a credential: %s', async (code) => {
    const shot = (route: Route) => dead[code](route, goodPathOf(route, world));
    expect(await astray(code, async (route) => send(api, route, world, await shot(route)))).toEqual([]);
  });

  it('come by no credential where none is needed', async () => {
    const open = ROUTES.filter(({ credentials }) => credentials.includes('none'));
    const seen = await Promise.all(
      open.flatMap((route) =>
        CREDENTIAL_CODES.map(async (code) => {
          const shot = await dead[code](route, goodPathOf(route, world));
          const answer = await send(api, route, world, { ...shot, ...(route.form && { body: 'token=none' }) });
          return [nameOf(route), code, await codeOf(answer, route)] as const;
        }),
      ),
    );
    expect(seen.filter(([, , came]) => came !== 'status 200')).toEqual([]);
  });

  it('come from the kill switch: KILL_SWITCH_ACTIVE', async () => {
    await api.owner.activateKillSwitch({ reason: 'a drill' });
    try {
      const { session, holder } = world;
      const ask = async (route: Route) => {
        const handsOver = route.path === '/v1/holders/token';
        const headers = handsOver ? await holder.proof(route.method, route.path) : bearer(session.token);
        return send(api, route, world, { headers });
      };
      expect(await astray('KILL_SWITCH_ACTIVE', ask)).toEqual([]);
    } finally {
      await api.owner.releaseKillSwitch();
    }
  });

  it.each(REQUEST_CODES)('come with a request that is wrong: %s', async (code) => {
    const shot = (route: Route) => REQUEST_ERRORS[code]?.({ api, route, world }) ?? {};
    expect(await astray(code, async (route) => send(api, route, world, await shot(route)))).toEqual([]);
  });

  it.each(STATE_CODES)('come with a good request at the wrong time: %s', async (code) => {
    await using _ending = await endDeliveries(api, 'dead');
    const ask = async (route: Route) => {
      const of = { api, route, world: await worldFor(code, route) };
      const ways = STATE_ERRORS[code];
      return send(api, route, of.world, ways ? await wayOf(route, ways)(of) : {});
    };
    expect(await astray(code, ask)).toEqual([]);
  });

  it('come from an instance with too much to do: TOO_MANY_REQUESTS', async () => {
    const ask = (route: Route) => send(api, route, world, { url: sick.busy });
    expect(await astray('TOO_MANY_REQUESTS', ask)).toEqual([]);
  });

  it('come from one that cannot reach its database: UPSTREAM_UNAVAILABLE', async () => {
    expect(await astray('UPSTREAM_UNAVAILABLE', (route) => failing(route, sick.cutOff))).toEqual([]);
  });

  it('come from one whose database does not answer: DEADLINE_EXCEEDED', async () => {
    expect(await astray('DEADLINE_EXCEEDED', (route) => failing(route, sick.slow))).toEqual([]);
    sick.giveUp();
  });

  // The next two spoil what the others need: they stay the last.
  it('come from races that are always lost: VERSION_CONFLICT', async () => {
    const answers = await losing(api, routesOf('VERSION_CONFLICT'));
    expect(await astray('VERSION_CONFLICT', async (route) => answers.get(route) as Response)).toEqual([]);
  });

  it('come from a database without tables: INTERNAL', async () => {
    world = await routeWorld(api);
    // One that has rested reads its keys again at once.
    const urlOf = ({ path }: Route) => (path === KEYS ? another : api.url);
    const seen = await withoutTables(api, () => astray('INTERNAL', (route) => failing(route, urlOf(route))));
    expect(seen).toEqual([]);
  });
});

const KEYS = '/.well-known/jwks.json';
/** The password needs no database, and a stream has begun when its reading fails: these are asked with a key. */
const BY_KEY = new Set(['/v1/updates', '/v1/audit/export', '/v1/audit/log']);

/** The answer of an instance that fails; of one that has the keys in memory for five seconds, the first that does. */
async function failing(route: Route, url: string): Promise<Response> {
  const shot: Shot = { url, ...(BY_KEY.has(route.path) && { headers: bearer(ownerKey) }) };
  if (route.path !== KEYS) return send(api, route, world, shot);
  return until(
    async () => {
      const answer = await send(api, route, world, shot);
      if (answer.status !== 200) return answer;
      await answer.body?.cancel();
      return false;
    },
    { describe: 'the keys to be read again', timeoutMs: 20_000 },
  );
}
