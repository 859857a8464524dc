import { describe, expect, it } from '@jest/globals';
import { RunningApi } from './running-api.js';

describe('stopping the api', () => {
  it('ends the open update streams, so that their clients resume elsewhere and the service can stop', async () => {
    const api = await RunningApi.start();
    const streams = await Promise.all(
      Array.from({ length: 12 }, () => fetch(`${api.url}/v1/updates`, { headers: api.ownerHeaders })),
    );
    const texts = streams.map((stream) => stream.text());
    await api[Symbol.asyncDispose]();
    for (const text of await Promise.all(texts)) expect(text).toContain('event: heartbeat');
  });
});
