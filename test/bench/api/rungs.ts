import type { AgedSession } from './aged-sessions.js';
import { load, type Load, type Request } from './load.js';
import { peerLoads } from './peer.js';
import { MOST_CALLERS, type Server, type Sides } from './sides.js';

/** One thing that is measured: a name, the server that is asked, and the requests. */
export interface Rung {
  name: string;
  server: Server;
  requests: Pick<Load, 'next' | 'answered'>;
  /** Done right before, and not measured. */
  prepare?: () => Promise<unknown>;
}

/** The rungs of one round. A session can be renewed once: `fresh` gives as many as a rung could need. */
export async function rungsOf(
  sides: Sides,
  readers: readonly AgedSession[],
  fresh: () => Promise<AgedSession[]>,
): Promise<Rung[]> {
  const { api, other, bare, oidc, peer, key } = sides;
  const put = (path: string) => repeated([{ method: 'PUT', path }]);
  const insert = put('/insert');
  const select = repeated(readers.map(({ id }): Request => ({ method: 'GET', path: `/select/${id}` })));
  const introspect = readers.map(({ token }): Request => ({
    method: 'POST',
    path: '/oauth/introspect',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: `token=${token}`,
  }));
  const ours = async (server: Server, suffix: string): Promise<Rung[]> => [
    { name: `renew${suffix}`, server, requests: once((await fresh()).map(renewal)) },
    usedRenewal(`used renew${suffix}`, server, await fresh()),
    { name: `whoami${suffix}`, server, requests: repeated(readers.map(whoami)) },
    { name: `introspect${suffix}`, server, requests: repeated(introspect) },
  ];
  return [
    { name: 'insert', server: bare, requests: insert },
    { name: 'insert again', server: bare, requests: insert },
    { name: 'insert and sign', server: bare, requests: put('/insert-and-sign') },
    { name: 'bare renewal', server: bare, requests: put('/renew') },
    { name: 'bare renewal together', server: bare, requests: put('/renew-together') },
    { name: 'select', server: bare, requests: select },
    { name: 'select again', server: bare, requests: select },
    ...(await ours(api, '')),
    ...(other ? await ours(other, ', other build') : []),
    { name: 'peer refresh', server: oidc, requests: peerLoads(peer).refresh },
    { name: 'peer introspect', server: oidc, requests: peerLoads(peer).introspect },
  ];
}

/** Whoever renews has used its token before: the server has seen it, and its signature, once. */
function usedRenewal(name: string, server: Server, sessions: readonly AgedSession[]): Rung {
  const prepare = () =>
    load(server.pool, { callers: MOST_CALLERS, seconds: 60, next: once(sessions.map(whoami)).next });
  return { name, server, requests: once(sessions.map(renewal)), prepare };
}

function renewal({ id, token }: AgedSession): Request {
  return { method: 'PUT', path: `/v1/sessions/${id}/renew`, headers: { authorization: `Bearer ${token}` } };
}

function whoami({ token }: AgedSession): Request {
  return { method: 'GET', path: '/v1/session', headers: { authorization: `Bearer ${token}` } };
}

function once(requests: readonly Request[]): Pick<Load, 'next'> {
  let at = 0;
  return { next: () => requests[at++] ?? null };
}

function repeated(requests: readonly Request[]): Pick<Load, 'next'> {
  let at = 0;
  return { next: () => requests[at++ % requests.length] ?? null };
}
