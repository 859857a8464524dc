import { decodeProtectedHeader } from 'jose';
import { bareToken, type Route } from '#libs/contracts';
import { age } from '../aged-session.js';
import { routeWorld } from '../route-world.js';
import type { RunningApi } from '../running-api.js';
import { inDatabase } from './dead-credentials.js';
import { send, type Shot } from './route-request.js';
import { provenRenewal, type Stage } from './state-errors.js';

/** From now on somebody else is always first: what an append that lost its race is told, each time that it is tried. */
const LOSE = `
create function public.lose() returns trigger language plpgsql as $$
begin
  raise 'somebody else was first' using errcode = 'LG004', detail = '{"streamId": "any", "expected": 0, "actual": 1}';
end $$;
create trigger lose before insert on ledger.event for each row when (new.type <> 'SigningKeyRotated')
execute function public.lose()`;
const WIN =
  'drop trigger lose on ledger.event; drop function public.lose(); update ledger.kill_switch set active = false';

/** What is done before the races are lost, and what is then asked. */
type Way = (of: Stage) => Promise<() => Promise<Shot>>;

const WAYS: Record<string, Way> = {
  'PUT /v1/sessions/:id/renew': async (of) => {
    await age(of.api, of.world.session.id);
    return () => provenRenewal(of);
  },
  'PATCH /v1/holders/:id': async ({ api, world }) => {
    const { id } = await api.owner.createSession({ agentId: world.session.agentId, supersede: false });
    return () => Promise.resolve({ body: JSON.stringify({ sessionId: id }) });
  },
  // The key's own change is written; the sessions that must get another token then are not.
  'POST /v1/keys/rotate': ({ world }) => {
    const { kid } = decodeProtectedHeader(bareToken(world.session.token ?? ''));
    return Promise.resolve(() => Promise.resolve({ body: JSON.stringify({ revoke: kid }) }));
  },
  'DELETE /v1/kill-switch': ({ api }) =>
    Promise.resolve(async () => {
      await inDatabase(api, 'update ledger.kill_switch set active = true');
      return {};
    }),
};

/** What the others would feel: the key of all tokens is revoked, the switch turned. */
const FELT_BY_ALL = new Set(['POST /v1/keys/rotate', 'PUT /v1/kill-switch', 'DELETE /v1/kill-switch']);

/** What each of these routes answers while every race is lost. No token of before is worth anything afterwards. */
export async function losing(api: RunningApi, routes: readonly Route[]): Promise<Map<Route, Response>> {
  const asked = await Promise.all(
    routes.map(async (route) => {
      const name = `${route.method} ${route.path}`;
      const of = { name, api, route, world: await routeWorld(api) };
      const way = WAYS[name];
      return { ...of, shoot: way ? await way(of) : () => Promise.resolve({}) };
    }),
  );
  const answers = new Map<Route, Response>();
  const ask = async ({ route, world, shoot }: (typeof asked)[number]): Promise<void> => {
    answers.set(route, await send(api, route, world, await shoot()));
  };
  await inDatabase(api, LOSE);
  try {
    await Promise.all(asked.filter(({ name }) => !FELT_BY_ALL.has(name)).map(ask));
    for (const one of asked.filter(({ name }) => FELT_BY_ALL.has(name))) await ask(one);
  } finally {
    await inDatabase(api, WIN);
  }
  return answers;
}
