import { randomUUID } from 'node:crypto';
import type { ErrorCode, Route } from '#libs/contracts';
import { age } from '../aged-session.js';
import { goodBodyOf, goodPathOf, type RouteWorld } from '../route-world.js';
import { bearer, type RunningApi } from '../running-api.js';
import { inDatabase } from './dead-credentials.js';
import { send, type Shot } from './route-request.js';

/** A route, and a world that is its alone. */
export interface Stage {
  api: RunningApi;
  route: Route;
  world: RouteWorld;
}
export type Provoke = (of: Stage) => Promise<Shot> | Shot;

const NOBODY = '00000000-0000-7000-8000-000000000000';
const json = (body: object): Shot => ({ body: JSON.stringify(body) });

/** What is wrong with the request itself, on every route alike. */
export const REQUEST_ERRORS: Partial<Record<ErrorCode, Provoke>> = {
  BAD_REQUEST: ({ route }) => {
    if (route.method !== 'GET') return { body: route.form ? '' : '{"' };
    return route.params ? { path: route.path.replace(':id', 'nonsense') } : { query: '?nonsense=1' };
  },
  PAYLOAD_TOO_LARGE: () => json({ name: 'x'.repeat(70_000) }),
  UNSUPPORTED_MEDIA_TYPE: () => ({ body: 'name,x', media: 'text/csv' }),
};

/** How an error comes: from all routes alike, and from some, by their names, in a way of their own. */
export interface Ways {
  all: Provoke;
  own?: Record<string, Provoke>;
}

/** What stands in the way of a good request. */
export const STATE_ERRORS: Partial<Record<ErrorCode, Ways>> = {
  NOT_FOUND: {
    all: ({ route }) => ({ path: route.path.replace(':id', NOBODY) }),
    own: {
      'POST /v1/sessions': () => json({ agentId: NOBODY }),
      'POST /v1/holders': ({ route, world }) => json({ ...goodBodyOf(route, world), sessionId: NOBODY }),
      'POST /v1/keys/rotate': () => json({ revoke: 'no-such-key' }),
      'POST /v1/channels': async (of) => {
        const shot = { ...json(goodBodyOf(of.route, of.world)), headers: ownerWithKey(of.api) };
        const { id } = (await (await send(of.api, of.route, of.world, shot)).json()) as { id: string };
        await of.api.owner.removeChannel(id);
        return shot;
      },
    },
  },
  IDEMPOTENCY_KEY_REUSED: {
    all: used,
    own: {
      'POST /v1/log/adopt': async (of) => {
        await inDatabase(of.api, `update ledger.relay set forked = 'a test says so'`);
        return used(of);
      },
    },
  },
  NAME_TAKEN: {
    all: ({ world }) => json({ name: world.session.agentName }),
    own: {
      'POST /v1/channels': (of) => taken(of, goodBodyOf(of.route, of.world)),
      'PATCH /v1/channels/:id': (of) => taken(of, {}),
    },
  },
  TTL_EXCEEDS_ABSOLUTE_LIFETIME: {
    all: ({ world }) => json({ agentId: world.session.agentId, expiresIn: 172_800, absoluteLifetime: 86_400 }),
  },
  AGENT_DISABLED: {
    all: disabled,
    own: {
      'PUT /v1/sessions/:id/renew': async (of) => {
        await age(of.api, of.world.session.id);
        await disabled(of);
        return provenRenewal(of);
      },
      'GET /v1/updates': async (of) => ({ ...(await disabled(of)), headers: await proof(of) }),
    },
  },
  SESSION_ENDED: {
    all: async ({ api, world }) => {
      await api.owner.revokeSession(world.session.id);
      return {};
    },
    own: {
      'PATCH /v1/holders/:id': async ({ api, world }) => {
        const { id } = await api.owner.createSession({ agentId: world.session.agentId, supersede: false });
        await api.owner.revokeSession(id);
        return json({ sessionId: id });
      },
    },
  },
};

/** The way of this route. */
export function wayOf({ method, path }: Route, { all, own = {} }: Ways): Provoke {
  return own[`${method} ${path}`] ?? all;
}

/** A renewal by the session's token and its holder, who proves itself. */
export async function provenRenewal(of: Stage): Promise<Shot> {
  return { headers: { ...bearer(of.world.session.token), ...(await proof(of)) } };
}

/** After a first request with the key that was carried out. */
async function used(of: Stage): Promise<Shot> {
  const headers = ownerWithKey(of.api);
  const first = await send(of.api, of.route, of.world, { headers });
  if (!first.ok) throw new Error(`the first request of the key was not carried out: ${await first.text()}`);
  return { headers, query: '?again=1' };
}

/** The name of another channel. */
async function taken({ api }: Stage, body: object): Promise<Shot> {
  const config = { url: 'https://hooks.example.com/ledger' };
  const { name } = await api.owner.createChannel({ type: 'webhook', name: randomUUID(), config });
  return json({ ...body, name });
}

async function disabled({ api, world }: Stage): Promise<Shot> {
  await api.owner.updateAgent(world.session.agentId, { enabled: false });
  return {};
}

function proof({ route, world }: Stage): Promise<Record<string, string>> {
  return world.holder.proof(route.method, goodPathOf(route, world));
}

function ownerWithKey(api: RunningApi): Record<string, string> {
  return { ...api.ownerHeaders, 'idempotency-key': randomUUID() };
}
