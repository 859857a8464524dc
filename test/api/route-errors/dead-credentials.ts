import pg from 'pg';
import type { ErrorCode, Route } from '#libs/contracts';
import { until } from '#libs/testing';
import { signedByAStranger, signedSymmetrically, signedWithTheServersKey } from '../forged-tokens.js';
import type { RouteWorld } from '../route-world.js';
import { bearer, type RunningApi } from '../running-api.js';
import { TestHolder } from '../test-holder.js';
import type { Shot } from './route-request.js';

/** Makes what a route is to be asked with; `path` is its path with real ids. */
export type Shoot = (route: Route, path: string) => Shot | Promise<Shot>;

export const CREDENTIAL_CODES = [
  'TOKEN_MISSING',
  'TOKEN_INVALID',
  'TOKEN_ALG_NOT_ALLOWED',
  'TOKEN_KEY_UNKNOWN',
  'TOKEN_AUDIENCE_MISMATCH',
  'TOKEN_NOT_YET_VALID',
  'TOKEN_EXPIRED',
  'TOKEN_SUPERSEDED',
  'SESSION_REVOKED',
  'SESSION_EXPIRED',
  'CREDENTIAL_INVALID',
  'HOLDER_ASSERTION_INVALID',
  'FORBIDDEN',
] as const satisfies readonly ErrorCode[];

const DAY = 86_400;
const END = `update ledger.session_head set expires_at = extract(epoch from now())::bigint - 1 where session_id = $1`;

/** What is refused wherever a credential is asked for, by the code that it is refused with. */
export async function deadCredentials(
  api: RunningApi,
  another: string,
  world: RouteWorld,
): Promise<Record<(typeof CREDENTIAL_CODES)[number], Shoot>> {
  const [replaced, revoked, ended, brief] = await Promise.all([
    api.session(),
    api.session(),
    api.session(),
    api.session({ expiresIn: 1 }),
  ]);
  const removed = await TestHolder.register(api, replaced.id, 'removed');
  const [ofRevoked, ofEnded] = [await TestHolder.register(api, revoked.id), await TestHolder.register(api, ended.id)];
  // Each of these gives the session another token.
  await Promise.all([api.owner.removeHolder(removed.id), api.owner.rotateSession(ended.id)]);
  await api.owner.revokeSession(revoked.id);
  await inDatabase(api, END, [ended.id]);
  const { token } = world.session;
  const tomorrow = Math.floor(Date.now() / 1000) + DAY;
  const forge = (of: string | null, claims: object) => signedWithTheServersKey(api, of ?? '', { ...claims });
  const [symmetric, strange, early, late] = await Promise.all([
    signedSymmetrically(token ?? ''),
    signedByAStranger(token ?? ''),
    forge(replaced.token, { iat: tomorrow, exp: tomorrow + DAY }),
    // An older token than the last: made by a thief of the key, it says that it lives longer than its session.
    forge(ended.token, { exp: tomorrow }),
  ]);
  await until(async () => (await api.call('GET', '/v1/session', bearer(brief.token))).status === 401, {
    describe: 'the token to expire',
  });
  const present = (credential: string | null) => () => ({ headers: bearer(credential) });
  /** Of a session that has ended: the hand-over says so to its holder. */
  const over =
    (credential: string | null, holder: TestHolder): Shoot =>
    async ({ method, path }) => ({
      headers: path === '/v1/holders/token' ? await holder.proof(method, path) : bearer(credential),
    });
  return {
    TOKEN_MISSING: () => ({ headers: {} }),
    TOKEN_INVALID: present('sl_sess_of.no.server'),
    TOKEN_ALG_NOT_ALLOWED: present(symmetric),
    TOKEN_KEY_UNKNOWN: present(strange),
    TOKEN_AUDIENCE_MISMATCH: () => ({ ...present(token)(), url: another }),
    TOKEN_NOT_YET_VALID: present(early),
    TOKEN_EXPIRED: present(brief.token),
    // The renewal judges it itself, and first wants to know whose it is.
    TOKEN_SUPERSEDED: ({ path }) => ({
      ...present(replaced.token)(),
      ...(path.endsWith('/renew') && { path: `/v1/sessions/${replaced.id}/renew` }),
    }),
    SESSION_REVOKED: over(revoked.token, ofRevoked),
    SESSION_EXPIRED: over(late, ofEnded),
    CREDENTIAL_INVALID: present(`sl_key_${'A'.repeat(43)}`),
    HOLDER_ASSERTION_INVALID: async ({ method }, path) => ({ headers: await removed.proof(method, path) }),
    FORBIDDEN: async ({ credentials, method }, path) => {
      if (!credentials.includes('resource')) return { headers: bearer(world.resourceKey) };
      return { headers: credentials.includes('session') ? await world.holder.proof(method, path) : bearer(token) };
    },
  };
}

export async function inDatabase(
  { database }: Pick<RunningApi, 'database'>,
  text: string,
  values: unknown[] = [],
): Promise<void> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(text, values).finally(() => client.end());
}
