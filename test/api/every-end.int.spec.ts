import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { recordDue, sessionEventOf } from '#libs/commands';
import type { RevocationPage, SessionWithToken } from '#libs/contracts';
import { Database } from '#libs/database';
import { createLedger } from '#libs/ledger';
import { sessionEndOf } from '#libs/session';
import { until } from '#libs/testing';
import { agedSession } from './aged-session.js';
import { bearer, RunningApi } from './running-api.js';

let api: RunningApi;
let database: Database;

beforeAll(async () => {
  api = await RunningApi.start();
  database = await Database.open({ url: api.database.url, applicationName: 'every end', poolSize: 2 });
});
afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  await api?.[Symbol.asyncDispose]();
});

const feed = async (cursor?: string): Promise<RevocationPage> => {
  const query = cursor === undefined ? '' : `?cursor=${encodeURIComponent(cursor)}`;
  return (await api.call<RevocationPage>('GET', `/v1/revocations${query}`, api.ownerHeaders)).body;
};

/** To the end of the feed: the items on the way, and the cursor there. */
async function read(from?: string): Promise<{ items: RevocationPage['items']; cursor: string | undefined }> {
  const items: RevocationPage['items'] = [];
  let cursor = from;
  for (;;) {
    const page = await feed(cursor);
    items.push(...page.items);
    cursor = page.cursor;
    if (!page.hasMore) return { items, cursor };
  }
}

const SWEEP = { actor: 'system:sweep', requestId: 'test' };
const fail = (sessionId: string, cause: unknown) => {
  throw new Error(`the sweep failed on ${sessionId}`, { cause });
};

/** Every way to end a session, by the cause that is then recorded. */
const ENDS: [string, () => Promise<SessionWithToken>][] = [
  ['manual_revoke', () => ended((session) => api.owner.revokeSession(session.id))],
  ['manual_revoke', () => ended(({ token }) => post('/oauth/revoke', { token }, {}))],
  ['manual_revoke', () => ended(({ agentId }) => post(`/v1/agents/${agentId}/revoke-sessions`, {}))],
  [
    'renewal_rejected',
    async () => {
      const session = await agedSession(api);
      await api.call('PUT', `/v1/sessions/${session.id}/renew`, bearer(session.token));
      await api.owner.revokeSession(session.id);
      return session;
    },
  ],
  ['superseded', () => ended(({ agentId }) => api.owner.createSession({ agentId, supersede: true }))],
  [
    'token_reuse',
    async () => {
      const session = await agedSession(api, {}, { reuse: 'revoke' });
      await api.owner.rotateSession(session.id);
      await api.call('PUT', `/v1/sessions/${session.id}/renew`, bearer(session.token));
      return session;
    },
  ],
  [
    'token_ttl',
    async () => {
      const session = await api.session({ expiresIn: 1 });
      const ledger = createLedger(database);
      const due = { sessionIds: [session.id], expire: true, onFailed: fail };
      const pass = () => recordDue({ store: ledger, heads: ledger }, due, () => SWEEP);
      const isOver = async () => (await api.events(session.id)).some(({ type }) => type === 'SessionExpired');
      await until(() => pass().then(isOver), { describe: 'the token to end' });
      return session;
    },
  ],
  [
    'kill_switch',
    async () => {
      const session = await api.session();
      await api.call('PUT', '/v1/kill-switch', api.ownerHeaders, { revokeSessions: true });
      await api.owner.releaseKillSwitch();
      return session;
    },
  ],
];

async function ended(end: (session: SessionWithToken) => Promise<unknown>): Promise<SessionWithToken> {
  const session = await api.session();
  await end(session);
  return session;
}

async function post(path: string, body: object, headers = api.ownerHeaders): Promise<void> {
  expect((await api.call('POST', path, headers, body)).status).toBe(200);
}

it('every end of a session, whoever or whatever made it, is one event of its stream and told once by the revocation feed', async () => {
  const { cursor } = await read();
  const sessions: string[] = [];
  for (const [cause, make] of ENDS) {
    const { id } = await make();
    const ends = (await api.events(id)).flatMap((event) => sessionEndOf(sessionEventOf(event)) ?? []);
    expect([id, ends.map((end) => end.cause)]).toEqual([id, [cause]]);
    sessions.push(id);
  }
  const told = await until(
    async () => {
      const { items } = await read(cursor);
      const ids = items.filter((item) => item.ended).map(({ sessionId }) => sessionId);
      return sessions.every((id) => ids.includes(id)) && ids;
    },
    { describe: 'the feed to tell every end' },
  );
  expect(sessions.map((id) => told.filter((one) => one === id).length)).toEqual(sessions.map(() => 1));
});
