import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateHolderKeys, HolderIdentity, publicKeysOf } from '#libs/client';
import { type AgentView, type HolderView, LOG, type SessionWithToken } from '#libs/contracts';
import { Database } from '#libs/database';
import { createLedger, type Ledger, lastPosition } from '#libs/ledger';
import { until } from '#libs/testing';
import { bearer, RunningApi } from './running-api.js';
import { UpdateListener } from './update-listener.js';

const CUTS = Number(process.env['LEDGER_TEST_CUTS'] ?? 100);

let api: RunningApi;
let database: Database;
let ledger: Ledger;
let agents: AgentView[];

beforeAll(async () => {
  api = await RunningApi.start();
  database = await Database.open({ url: api.database.url, applicationName: 'updates test', poolSize: 2 });
  ledger = createLedger(database);
  agents = [];
  for (const name of ['courier', 'clerk']) {
    agents.push((await api.call<AgentView>('POST', '/v1/agents', api.ownerHeaders, { name })).body);
  }
});

afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  await api?.[Symbol.asyncDispose]();
});

const newSession = async (agent: AgentView) =>
  (await api.call<SessionWithToken>('POST', '/v1/sessions', api.ownerHeaders, { agentId: agent.id, supersede: false }))
    .body;
const rotate = async (sessionId: string) =>
  (await api.call<SessionWithToken>('POST', `/v1/sessions/${sessionId}/rotate`, api.ownerHeaders)).body;

/** Positions of an agent's events in the log after `after`, as the store has them. */
async function positionsOf(agentId: string, after: number): Promise<number[]> {
  const entries = await ledger.readLog({ after, limit: 10_000 });
  return entries
    .filter(({ data }) => (data as { agentId?: string }).agentId === agentId)
    .map(({ position }) => position);
}

/** A holder of the session and the header that proves it, fresh for each request. */
async function holderOf(session: SessionWithToken): Promise<(now: number) => Promise<Record<string, string>>> {
  const keys = await generateHolderKeys();
  const { body } = await api.call<HolderView>('POST', '/v1/holders', api.ownerHeaders, {
    sessionId: session.id,
    name: `holder-${session.id.slice(-6)}`,
    ...publicKeysOf(keys),
  });
  const metadata = await api.call<{ issuer: string }>('GET', '/.well-known/oauth-authorization-server');
  const identity = new HolderIdentity(body.id, metadata.body.issuer, keys);
  return async (now) => ({ 'ledger-holder-assertion': await identity.assertion('GET', '/v1/updates', now) });
}

describe('the update stream', () => {
  it(`loses and repeats nothing when it is cut ${CUTS} times at random bytes`, async () => {
    const [courier, clerk] = agents as [AgentView, AgentView];
    const session = await newSession(courier);
    const other = await newSession(clerk);
    const prove = await holderOf(session);
    await until(async () => (await positionsOf(clerk.id, 0)).length > 0, { describe: 'the log to be sequenced' });
    const start = await lastPosition(database);
    let header: Record<string, string> = {};
    const listener = new UpdateListener(api.url, () => header);
    listener.lastEventId = `${LOG}:${start}`;

    let writing = true;
    const writer = (async () => {
      while (writing) {
        await rotate(session.id);
        await rotate(other.id);
      }
    })();
    for (let cut = 0; cut < CUTS; cut++) {
      header = await prove(Date.now() / 1000);
      await listener.listen({ cutAfter: Math.floor(1 + Math.random() ** 3 * 6_000) });
    }
    writing = false;
    await writer;
    await api.caughtUp();
    header = await prove(Date.now() / 1000);
    const last = listener.listen();
    const expected = await until(
      async () => {
        const all = await positionsOf(courier.id, start);
        return all.length > 0 && listener.events.at(-1)?.position === all.at(-1) && all;
      },
      { describe: 'the last event to be heard' },
    );
    listener.close();
    await last;
    expect(expected.length).toBeGreaterThan(20);
    expect(listener.events.map(({ position }) => position)).toEqual(expected);
  });

  it('moves the cursor of a quiet agent past the events of others', async () => {
    const [courier, clerk] = agents as [AgentView, AgentView];
    const quiet = await newSession(courier);
    const noisy = await newSession(clerk);
    for (let i = 0; i < 3; i++) await rotate(noisy.id);
    const count = await until(
      async () => {
        const [row] = await database.query<{ waiting: number }>(
          'select (select count(*)::int from ledger.event) - (select count(*)::int from ledger.entry) as waiting',
        );
        return row?.waiting === 0 && (await lastPosition(database));
      },
      { describe: 'the log to be sequenced' },
    );
    const listener = new UpdateListener(api.url, () => bearer(quiet.token));
    await until(
      async () => {
        void listener.listen({ cutAfter: 400 });
        await until(() => listener.lastEventId !== undefined, { describe: 'a heartbeat' });
        listener.close();
        return listener.lastEventId === `${LOG}:${count}`;
      },
      { describe: 'the cursor to reach the end of the log' },
    );
    expect(listener.events).toEqual([]);
  });

  it('says reset where it cannot resume: another log, the future, nonsense', async () => {
    const session = await newSession(agents[0] as AgentView);
    for (const cursor of ['other:1', `${LOG}:999999`, 'nonsense']) {
      const listener = new UpdateListener(api.url, () => bearer(session.token));
      listener.lastEventId = cursor;
      void listener.listen();
      await until(() => listener.heard.length > 0, { describe: 'the first message' });
      listener.close();
      expect(listener.heard[0]?.event).toBe('reset');
    }
  });

  it('ends for a token that is superseded, and stays for a holder of the same session', async () => {
    const session = await newSession(agents[0] as AgentView);
    const prove = await holderOf(session);
    const header = await prove(Date.now() / 1000);
    const asToken = new UpdateListener(api.url, () => bearer(session.token));
    const asHolder = new UpdateListener(api.url, () => header);
    const ended = asToken.listen();
    void asHolder.listen();
    await until(() => asToken.heard.length > 0 && asHolder.heard.length > 0, { describe: 'both to be connected' });
    await rotate(session.id);
    await ended;
    expect(asToken.heard.at(-1)).toMatchObject({ event: 'end', data: '{"code":"TOKEN_SUPERSEDED"}' });
    await rotate(session.id);
    await until(() => asHolder.events.filter(({ subject }) => subject === session.id).length === 2, {
      describe: 'the holder to hear the second rotation',
    });
    asHolder.close();
  });

  it('tells an agent nothing of another, and an owner everything', async () => {
    const [courier, clerk] = agents as [AgentView, AgentView];
    const mine = await newSession(courier);
    const theirs = await newSession(clerk);
    const agent = new UpdateListener(api.url, () => bearer(mine.token));
    const owner = new UpdateListener(api.url, () => api.ownerHeaders);
    void agent.listen();
    void owner.listen();
    await until(() => agent.heard.length > 0 && owner.heard.length > 0, { describe: 'both to be connected' });
    await rotate(theirs.id);
    await api.call('DELETE', `/v1/sessions/${mine.id}`, api.ownerHeaders);
    const subjectsOf = (listener: UpdateListener) => new Set(listener.events.map(({ subject }) => subject));
    await until(() => subjectsOf(owner).has(mine.id) && subjectsOf(agent).has(mine.id), {
      describe: 'both to hear the revocation',
    });
    expect(subjectsOf(owner).has(theirs.id)).toBe(true);
    expect(agent.events.every(({ data }) => data['agentId'] === courier.id)).toBe(true);
    expect(JSON.stringify(owner.heard)).not.toContain(theirs.token?.split('.')[2]);
    agent.close();
    owner.close();
  });
});
