import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Problem } from '#libs/contracts';
import { bearer, RunningApi } from './running-api.js';

let api: RunningApi;

beforeAll(async () => {
  api = await RunningApi.start();
});
afterAll(() => api?.[Symbol.asyncDispose]());

describe('a session whose token would be too long to be accepted', () => {
  const operations = (count: number, length: number) =>
    Array.from({ length: count }, (_, index) => String(index).padStart(length, 'x'));
  const create = (body: object) =>
    api.call<{ code?: string; token: string | null }>('POST', '/v1/sessions', api.ownerHeaders, body);

  it.each([
    ['100 operations of 80 characters', operations(100, 80)],
    ['one operation of 60,000 characters', operations(1, 60_000)],
  ])('is refused: %s', async (_, allowedOperations) => {
    const { id: agentId } = await api.agent();
    const { status, body } = await create({ agentId, constraints: { allowedOperations } });
    expect([status, body.code]).toEqual([400, 'BAD_REQUEST']);
  });

  it('is refused as the agent’s defaults; the longest that are taken make a token that is accepted', async () => {
    const audiences = (count: number) => Array.from({ length: count }, (_, at) => `${at}${'é'.repeat(196)}`);
    const tooMany = await api.call<Problem>('POST', '/v1/agents', api.ownerHeaders, {
      name: 'listened to by many',
      defaultConstraints: { audiences: audiences(20) },
    });
    expect([tooMany.status, tooMany.body.code]).toEqual([400, 'BAD_REQUEST']);
    const { agentId } = await api.session({}, { audiences: audiences(5), allowedOperations: operations(100, 17) });
    const { body } = await create({ agentId });
    expect((body.token ?? '').length).toBeGreaterThan(5_000);
    expect((await api.call('GET', '/v1/session', bearer(body.token))).status).toBe(200);
  });
});
