import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from '@nats-io/transport-node';
import type { AgentView } from '#libs/contracts';
import { appendHint, connectNats } from '#libs/messaging';
import { startTestNats } from '#libs/testing';
import { RunningApi } from './running-api.js';

const USER = { user: 'api', password: 'api-password' };

let api: RunningApi;

beforeAll(async () => {
  api = await RunningApi.start();
});
afterAll(() => api?.[Symbol.asyncDispose]());

describe('an api whose bus refuses it for good', () => {
  it('answers every write as it happened', async () => {
    await using nats = await startTestNats({ users: [USER] });
    const { host } = new URL(nats.url);
    const url = await api.startAnother({ NATS_URL: `nats://${USER.user}:${USER.password}@${host}` });
    // Gives up after two refusals, as the driver does when nobody tells it otherwise.
    const probe = await connect({
      servers: host,
      user: USER.user,
      pass: USER.password,
      reconnectTimeWait: 1_000,
      maxReconnectAttempts: -1,
    });
    nats.setUsers([]);
    await probe.closed();
    for (let count = 0; count < 5; count++) {
      const { status, body } = await api.callAt<AgentView>(url, 'POST', '/v1/agents', api.ownerHeaders, {
        name: `written without a bus ${count}`,
      });
      expect([status, body.name]).toEqual([201, `written without a bus ${count}`]);
    }
  });
});

describe('the hint after an append', () => {
  it('harms nobody while its connection drains or is closed', async () => {
    await using nats = await startTestNats();
    const connection = await connectNats({ url: nats.url, name: 'hint test' });
    const hint = appendHint(connection);
    const thrown: unknown[] = [];
    const note = (error: unknown) => thrown.push(error);
    process.on('uncaughtException', note);
    const oneTurn = () => new Promise((resolve) => setImmediate(resolve));
    try {
      const draining = connection.drain();
      hint();
      await oneTurn();
      await draining;
      hint();
      await oneTurn();
    } finally {
      process.off('uncaughtException', note);
    }
    expect(connection.isClosed()).toBe(true);
    expect(thrown).toEqual([]);
  });
});
