import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ApiKeyWithSecret, Problem } from '#libs/contracts';
import { bearer, RunningApi } from './running-api.js';

let api: RunningApi;

beforeAll(async () => {
  api = await RunningApi.start();
});
afterAll(() => api?.[Symbol.asyncDispose]());

describe('an auditor’s key for one agent', () => {
  it('is refused what tells of other agents; a key for all is not', async () => {
    const [own, other] = [await api.session(), await api.session()];
    const keyFor = async (agents?: string[]) => {
      const body = { name: 'audit', role: 'auditor', ...(agents && { agents }) };
      return (await api.call<ApiKeyWithSecret>('POST', '/v1/api-keys', api.ownerHeaders, body)).body.key;
    };
    const [narrowed, wide] = [await keyFor([own.agentId]), await keyFor()];
    const channel = await api.call<{ id: string }>('POST', '/v1/channels', api.ownerHeaders, {
      type: 'webhook',
      name: 'operations',
      agents: [other.agentId],
      config: { url: 'https://hooks.example.com/ledger' },
    });
    const paths = ['audit/state', 'channels', `channels/${channel.body.id}`, 'silences', 'api-keys'];
    for (const path of paths) {
      const { status, body } = await api.call<Problem>('GET', `/v1/${path}`, bearer(narrowed));
      expect([path, status, body.code]).toEqual([path, 403, 'FORBIDDEN']);
      expect([path, (await api.call('GET', `/v1/${path}`, bearer(wide))).status]).toEqual([path, 200]);
    }
  });
});
