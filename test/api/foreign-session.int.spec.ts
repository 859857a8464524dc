import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { List, Problem, SessionView, SessionWithToken } from '#libs/contracts';
import { agedSession } from './aged-session.js';
import { bearer, RunningApi } from './running-api.js';

const NOBODY = '019a9f3c-0000-7000-8000-0000000000b1';
let api: RunningApi;
let own: SessionWithToken;
/** Of the same agent, and of another. */
let foreign: [string, SessionWithToken][];

beforeAll(async () => {
  api = await RunningApi.start();
  own = await agedSession(api);
  foreign = [
    ['its agent’s other session', await agedSession(api, { agentId: own.agentId, supersede: false })],
    ['another agent’s session', await agedSession(api)],
  ];
});
afterAll(() => api?.[Symbol.asyncDispose]());

const asked = (method: string, path: string) => api.call<Problem>(method, path, bearer(own.token));

/** All of a refusal but what names the request and the id that was asked for. */
function refusal({ body: { requestId: _, detail, ...rest } }: { body: Problem }, id: string) {
  return { ...rest, detail: detail?.replaceAll(id, '…') };
}

describe('a session’s token', () => {
  it.each(['', '/events'])(
    'reads no other session by its id (%s): it is told what it is told of none',
    async (part) => {
      expect((await asked('GET', `/v1/sessions/${own.id}${part}`)).status).toBe(200);
      const nothing = refusal(await asked('GET', `/v1/sessions/${NOBODY}${part}`), NOBODY);
      expect(nothing).toMatchObject({ status: 404, code: 'NOT_FOUND' });
      for (const [whose, { id }] of foreign) {
        expect([whose, refusal(await asked('GET', `/v1/sessions/${id}${part}`), id)]).toEqual([whose, nothing]);
      }
    },
  );

  it('renews, rotates and ends no other session, and lists none of another agent', async () => {
    for (const [whose, { id, agentId }] of foreign) {
      const before = await api.owner.session(id);
      const seen: unknown[] = [];
      for (const [method, path] of [
        ['PUT', `/v1/sessions/${id}/renew`],
        ['POST', `/v1/sessions/${id}/rotate`],
        ['DELETE', `/v1/sessions/${id}`],
        ['GET', `/v1/sessions/${id}/holders`],
        ['POST', `/v1/agents/${agentId}/revoke-sessions`],
      ] as const) {
        const { status, body } = await asked(method, path);
        seen.push(`${status} ${body.code}`);
      }
      const forbidden = Array<string>(4).fill('403 FORBIDDEN');
      expect([whose, seen]).toEqual([whose, ['403 SESSION_RENEWAL_MISMATCH', ...forbidden]]);
      expect(await api.owner.session(id)).toEqual(before);
    }
    const { body } = await api.call<List<SessionView>>('GET', '/v1/sessions', bearer(own.token));
    expect(new Set(body.items.map(({ agentId }) => agentId))).toEqual(new Set([own.agentId]));
    const other = foreign[1]?.[1].agentId;
    const narrowed = await api.call<List<SessionView>>('GET', `/v1/sessions?agentId=${other}`, bearer(own.token));
    expect(narrowed.body.items).toEqual([]);
  });
});
