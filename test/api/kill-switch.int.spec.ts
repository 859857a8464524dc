import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { KillSwitchView, Problem } from '#libs/contracts';
import { until } from '#libs/testing';
import { bearer, RunningApi } from './running-api.js';
import { TestHolder } from './test-holder.js';

let api: RunningApi;
let second: string;

beforeAll(async () => {
  api = await RunningApi.start();
  second = await api.startAnother();
});
afterEach(() => api.owner.releaseKillSwitch());
afterAll(() => api?.[Symbol.asyncDispose]());

const turnOn = (body: object = {}) => api.call<KillSwitchView>('PUT', '/v1/kill-switch', api.ownerHeaders, body);

describe('the kill switch', () => {
  it('refuses every route of a session token and the hand-over on every instance, and ends with its release', async () => {
    const session = await api.session();
    const held = await api.session();
    const holder = await TestHolder.register(api, held.id);
    await turnOn({ reason: 'a drill' });
    for (const url of [api.url, second]) {
      for (const [method, path] of [
        ['GET', '/v1/session'],
        ['GET', '/v1/sessions'],
        ['GET', `/v1/sessions/${session.id}`],
        ['GET', `/v1/sessions/${session.id}/events`],
        ['GET', '/v1/updates'],
        ['PUT', `/v1/sessions/${session.id}/renew`],
      ] as const) {
        const { status, body } = await api.callAt<Problem>(url, method, path, bearer(session.token));
        expect([path, status, body.code]).toEqual([path, 503, 'KILL_SWITCH_ACTIVE']);
      }
    }
    expect((await holder.handOver()).status).toBe(503);
    await api.owner.releaseKillSwitch();
    expect((await api.call('GET', '/v1/session', bearer(session.token))).status).toBe(200);
    expect((await holder.handOver()).status).toBe(200);
  });

  it('lets the owner go on: read, create, rotate, revoke', async () => {
    const session = await api.session();
    await turnOn();
    expect((await api.owner.session(session.id)).status).toBe('active');
    const created = await api.session();
    expect((await api.owner.rotateSession(created.id)).generation).toBe(1);
    expect((await api.owner.revokeSession(created.id)).status).toBe('revoked');
  });

  it('is answered only once every change that could not know of it has ended', async () => {
    const { id } = await api.session();
    const running = new pg.Client({ connectionString: api.database.url });
    await running.connect();
    try {
      // A change that has read the switch as off, and is not committed: it holds its stream's lock.
      await running.query('begin');
      await running.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`session:${id}`]);
      let answered = false;
      const turned = turnOn().finally(() => (answered = true));
      await until(async () => (await api.owner.killSwitch()).active, { describe: 'the switch to be recorded' });
      // It stands for everybody, and its caller still waits.
      expect((await api.owner.killSwitch()).active).toBe(true);
      expect(answered).toBe(false);
      await running.query('commit');
      expect((await turned).status).toBe(200);
    } finally {
      await running.end();
    }
  });

  it('lets no renewal succeed after its answer, however many are under way', async () => {
    const sessions = await Promise.all(Array.from({ length: 8 }, () => api.session({ expiresIn: 2 })));
    let on = Infinity;
    const late: number[] = [];
    const renewals = sessions.map(async ({ id, token }) => {
      for (let status = 400; status === 400;) {
        const sent = performance.now();
        ({ status } = await api.callAt(second, 'PUT', `/v1/sessions/${id}/renew`, bearer(token)));
        if (sent > on) late.push(status);
        if (status === 200 && sent > on) throw new Error('a renewal after the answer of the switch');
      }
    });
    await turnOn().then(() => (on = performance.now()));
    await Promise.all(renewals);
    const generations = () => Promise.all(sessions.map(async ({ id }) => (await api.owner.session(id)).generation));
    const then = await generations();
    for (const { id, token } of sessions) {
      expect((await api.call('PUT', `/v1/sessions/${id}/renew`, bearer(token))).status).not.toBe(200);
    }
    expect(await generations()).toEqual(then);
    expect(late.every((status) => status !== 200)).toBe(true);
  });

  it('with revokeSessions ends every active session, says how many, and records each with its trigger', async () => {
    const sessions = await Promise.all(Array.from({ length: 5 }, () => api.session()));
    const { status, body } = await turnOn({ revokeSessions: true, reason: 'all of them' });
    expect(status).toBe(200);
    expect(body.revokedSessions).toBeGreaterThanOrEqual(sessions.length);
    for (const { id } of sessions) {
      const last = (await api.events(id)).at(-1);
      expect([last?.type, last?.data]).toMatchObject([
        'SessionRevoked',
        { trigger: 'kill_switch', reason: 'all of them' },
      ]);
    }
    const again = await turnOn({ revokeSessions: true });
    expect(again.body.revokedSessions).toBe(0);
  });
});

describe('POST /v1/agents/:id/revoke-sessions', () => {
  const revokeAll = (agentId: string, key: string, body: object = { reason: 'the laptop was lost' }) =>
    api.call<{ revoked: number } & Problem>(
      'POST',
      `/v1/agents/${agentId}/revoke-sessions`,
      { ...api.ownerHeaders, 'idempotency-key': key },
      body,
    );

  it('repeated with its Idempotency-Key answers as the first time and ends nothing that began since', async () => {
    const { id: agentId } = await api.agent();
    const sessions = [];
    for (let n = 0; n < 3; n++) sessions.push(await api.session({ agentId, supersede: false }));
    const key = randomUUID();
    expect((await revokeAll(agentId, key)).body).toEqual({ revoked: 3 });
    for (const { id } of sessions) {
      expect((await api.events(id)).at(-1)?.data).toMatchObject({ reason: 'the laptop was lost' });
    }
    const later = await api.session({ agentId, supersede: false });
    expect((await revokeAll(agentId, key)).body).toEqual({ revoked: 3 });
    expect((await api.owner.session(later.id)).status).toBe('active');
    expect((await revokeAll(agentId, key, {})).body.code).toBe('IDEMPOTENCY_KEY_REUSED');
    expect((await revokeAll(agentId, randomUUID())).body).toEqual({ revoked: 1 });
  });

  it('repeated where there was nothing to end, still ends nothing', async () => {
    const { id: agentId } = await api.agent();
    const key = randomUUID();
    expect((await revokeAll(agentId, key)).body).toEqual({ revoked: 0 });
    const later = await api.session({ agentId });
    expect((await revokeAll(agentId, key)).body).toEqual({ revoked: 0 });
    expect((await api.owner.session(later.id)).status).toBe('active');
  });

  it('ends more sessions than one transaction takes, and a repetition counts them all', async () => {
    const { id: agentId } = await api.agent();
    const count = 105;
    for (let made = 0; made < count; made += 15) {
      await Promise.all(Array.from({ length: 15 }, () => api.session({ agentId, supersede: false })));
    }
    const key = randomUUID();
    expect((await revokeAll(agentId, key)).body).toEqual({ revoked: count });
    expect((await revokeAll(agentId, key)).body).toEqual({ revoked: count });
  });

  it('of two at the same moment with one key both answer the same', async () => {
    const { id: agentId } = await api.agent();
    for (let n = 0; n < 4; n++) await api.session({ agentId, supersede: false });
    const key = randomUUID();
    const answers = await Promise.all([revokeAll(agentId, key), revokeAll(agentId, key)]);
    expect(answers.map(({ body }) => body)).toEqual([{ revoked: 4 }, { revoked: 4 }]);
  });
});
