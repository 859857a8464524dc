import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Problem } from '#libs/contracts';
import { bearer, RunningApi } from './running-api.js';
import { TestHolder } from './test-holder.js';

let api: RunningApi;

beforeAll(async () => {
  api = await RunningApi.start();
});
afterAll(() => api?.[Symbol.asyncDispose]());

describe('a session’s token with the proof of a holder that is not the session’s', () => {
  it.each([
    ['GET', '/v1/updates'],
    ['GET', '/v1/session'],
    ['GET', '/v1/sessions'],
  ])('is refused by %s %s, whoever’s agent the holder is', async (method, path) => {
    const [stolen, ofAnotherAgent] = [await api.session(), await api.session()];
    const ofTheSameAgent = await api.session({ agentId: stolen.agentId, supersede: false });
    for (const { id } of [ofAnotherAgent, ofTheSameAgent]) {
      const holder = await TestHolder.register(api, id);
      const headers = { ...bearer(stolen.token), ...(await holder.proof(method, path)) };
      const { status, body } = await api.call<Problem>(method, path, headers);
      expect([status, body.code]).toEqual([403, 'FORBIDDEN']);
    }
    const own = await TestHolder.register(api, stolen.id);
    const answer = await fetch(api.url + path, {
      method,
      headers: { ...bearer(stolen.token), ...(await own.proof(method, path)) },
    });
    expect(answer.status).toBe(200);
    await answer.body?.cancel();
  });

  it('renews no session that has holders, and is reported as a renewal without proof', async () => {
    const [session, another] = [await api.session(), await api.session()];
    await TestHolder.register(api, session.id);
    const stranger = await TestHolder.register(api, another.id);
    expect((await stranger.renew(session.id, session.token)).body.code).toBe('HOLDER_REQUIRED');
    expect((await api.events(session.id)).map(({ type }) => type)).toContain('UnprovenRenewalRefused');
  });
});
