import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Problem, SessionWithToken } from '#libs/contracts';
import { until } from '#libs/testing';
import { agedSession } from './aged-session.js';
import { bearer, type Reply, RunningApi } from './running-api.js';
import { TestHolder } from './test-holder.js';

let api: RunningApi;

beforeAll(async () => {
  api = await RunningApi.start();
});

afterAll(() => api?.[Symbol.asyncDispose]());

function renew(session: { id: string; token: string | null }): Promise<Reply<Problem>> {
  return api.call<Problem>('PUT', `/v1/sessions/${session.id}/renew`, bearer(session.token));
}

async function countOf(sessionId: string, type: string): Promise<number> {
  return (await api.events(sessionId)).filter((event) => event.type === type).length;
}

describe('a thief who has the token and no holder’s keys', () => {
  it('cannot renew, not at any moment of the token’s life, and the owner is told once', async () => {
    const session = await api.session({ expiresIn: 9 });
    await TestHolder.register(api, session.id);
    const codes = new Set<string>();
    await until(
      async () => {
        const { body } = await renew(session);
        codes.add(body.code);
        return body.code === 'TOKEN_EXPIRED';
      },
      { describe: 'the token to end' },
    );
    expect(codes).toEqual(new Set(['HOLDER_REQUIRED', 'TOKEN_EXPIRED']));
    expect(await countOf(session.id, 'UnprovenRenewalRefused')).toBe(1);
    expect(await countOf(session.id, 'SessionRenewed')).toBe(0);
  });

  it('cannot renew with the proof of a holder of another session', async () => {
    const session = await api.session();
    await TestHolder.register(api, session.id);
    const stranger = await TestHolder.register(api, (await api.session()).id);
    const { status, body } = await stranger.renew(session.id, session.token);
    expect([status, body.code]).toEqual([403, 'HOLDER_REQUIRED']);
  });

  it('cannot renew another session with it', async () => {
    const [mine, other] = await Promise.all([api.session(), api.session()]);
    const { status, body } = await renew({ id: other.id, token: mine.token });
    expect([status, body.code]).toEqual([403, 'SESSION_RENEWAL_MISMATCH']);
  });
});

describe('a superseded token that is presented for renewal', () => {
  async function rotated(body = {}, defaults = {}): Promise<{ old: SessionWithToken; now: SessionWithToken }> {
    const old = await api.session(body, defaults);
    return { old, now: await api.owner.rotateSession(old.id) };
  }

  it('is reported once for each generation, however often and from however many at once', async () => {
    const { old, now } = await rotated();
    await api.owner.rotateSession(old.id);
    const answers = await Promise.all([...Array(20)].flatMap(() => [renew(old), renew({ ...now })]));
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.code}`))).toEqual(
      new Set(['401 TOKEN_SUPERSEDED']),
    );
    const reports = (await api.events(old.id)).filter(({ type }) => type === 'TokenReuseDetected');
    expect(reports.map(({ data }) => (data as { generation: number }).generation).sort()).toEqual([0, 1]);
    expect(reports[0]?.data).toMatchObject({ addressPrefix: '127.0.0.0/24' });
    expect((await api.call('GET', '/v1/sessions', bearer(now.token))).status).toBe(401);
  });

  it('ends the session where the agent’s policy says so, and then reports no more', async () => {
    const { old } = await rotated({}, { reuse: 'revoke' });
    await Promise.all([renew(old), renew(old), renew(old)]);
    const types = (await api.events(old.id)).map(({ type }) => type);
    expect(types).toEqual(['SessionCreated', 'SessionRenewed', 'TokenReuseDetected', 'SessionRevoked']);
    expect((await api.owner.session(old.id)).status).toBe('revoked');
    expect((await renew(old)).body.code).toBe('SESSION_REVOKED');
    expect(await api.events(old.id)).toHaveLength(4);
  });

  it('is a lost race and no theft where a holder presents it', async () => {
    const session = await api.session({}, { reuse: 'revoke' });
    const holder = await TestHolder.register(api, session.id);
    await api.owner.rotateSession(session.id);
    const { status, body } = await holder.renew(session.id, session.token);
    expect([status, body]).toMatchObject([409, { code: 'RENEWAL_CONFLICT', currentGeneration: 1 }]);
    expect(await countOf(session.id, 'TokenReuseDetected')).toBe(0);
  });

  it('is a lost race within the grace', async () => {
    const gracious = await api.startAnother({ LEDGER_PREVIOUS_TOKEN_GRACE: '30' });
    const session = await agedSession(api, {}, { reuse: 'revoke' });
    const path = `/v1/sessions/${session.id}/renew`;
    const put = () => api.callAt<Problem>(gracious, 'PUT', path, bearer(session.token));
    const answers = await Promise.all([...Array(8)].map(put));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(7).fill(409)]);
    expect((await put()).body).toMatchObject({ code: 'RENEWAL_CONFLICT' });
    expect(await countOf(session.id, 'TokenReuseDetected')).toBe(0);
    expect(await countOf(session.id, 'SessionRenewed')).toBe(1);
  });

  it('is told to the owner once when the loser of a race comes again after the grace', async () => {
    const gracious = await api.startAnother({ LEDGER_PREVIOUS_TOKEN_GRACE: '8' });
    const session = await agedSession(api);
    const path = `/v1/sessions/${session.id}/renew`;
    const put = () => api.callAt<Problem>(gracious, 'PUT', path, bearer(session.token));
    expect((await put()).status).toBe(200);
    expect((await put()).body.code).toBe('RENEWAL_CONFLICT');
    expect(await countOf(session.id, 'TokenReuseDetected')).toBe(0);
    await until(async () => (await put()).body.code === 'TOKEN_SUPERSEDED', { describe: 'the grace to end' });
    await Promise.all([put(), put(), put()]);
    expect(await countOf(session.id, 'TokenReuseDetected')).toBe(1);
  });
});

describe('superseding', () => {
  it('leaves one session of an agent alive when many are created at once', async () => {
    const agent = await api.agent();
    const body = { agentId: agent.id };
    await Promise.all(Array.from({ length: 8 }, () => api.owner.createSession(body)));
    const active: string[] = [];
    for await (const { id, status } of api.owner.sessions({ agentId: agent.id }))
      if (status === 'active') active.push(id);
    expect(active).toHaveLength(1);
  });

  it('does not happen where the request or the agent’s policy says no', async () => {
    const agent = await api.agent({ supersede: false });
    const first = await api.owner.createSession({ agentId: agent.id });
    const second = await api.owner.createSession({ agentId: agent.id });
    await api.owner.createSession({ agentId: agent.id, supersede: true });
    for (const { id } of [first, second]) expect((await api.owner.session(id)).status).toBe('revoked');
    await api.owner.createSession({ agentId: agent.id, supersede: false });
    const states: string[] = [];
    for await (const { status } of api.owner.sessions({ agentId: agent.id })) states.push(status);
    expect(states).toEqual(['active', 'active', 'revoked', 'revoked']);
  });
});
