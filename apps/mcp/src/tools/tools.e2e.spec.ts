import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '#libs/testing';
import { desktop } from '../../../../test/scenarios/desktop.js';
import { RunningLedger } from '../../../../test/scenarios/running-ledger.js';

let ledger: RunningLedger;

beforeAll(async () => {
  ledger = await RunningLedger.start();
});
afterAll(async () => {
  await ledger[Symbol.asyncDispose]();
});

interface Page {
  events: { type: string; data: { generation?: number } }[];
  nextCursor: string | null;
}

describe('session_history', () => {
  it('begins with the newest event and goes back page by page', async () => {
    const installation = await ledger.install({ expiresIn: 600 });
    await using it = await desktop(ledger, installation);
    await it.host.untilSelf({ state: 'active', reason: null });
    for (let rotation = 0; rotation < 5; rotation += 1) await ledger.owner.rotateSession(installation.session.id);
    await it.host.untilSelf({ generation: 5 });
    // All that is recorded stands in the history that the tool reads.
    await ledger.events(installation.session.id);
    const told: string[] = [];
    let cursor: string | null | undefined;
    do {
      const { content } = await it.host.call('session_history', { limit: 3, ...(cursor && { cursor }) });
      const { events, nextCursor } = content as unknown as Page;
      expect(events.length).toBeLessThanOrEqual(3);
      for (const { type, data } of events) told.push(`${type} ${data.generation ?? ''}`);
      cursor = nextCursor;
    } while (cursor);
    const changes = told.filter((text) => /created|renewed/.test(text));
    expect(changes).toEqual([
      ...[5, 4, 3, 2, 1].map((generation) => `ledger.session.renewed.v1 ${generation}`),
      'ledger.session.created.v1 0',
    ]);
    expect(told).toHaveLength((await ledger.events(installation.session.id)).length);
  });
});

describe('explain_denied_call', () => {
  it('says that the ledger cannot be read, instead of explaining from half a history', async () => {
    const installation = await ledger.install({ expiresIn: 600 });
    await using it = await desktop(ledger, installation);
    it.proxy.treat = ({ path }) => (path.endsWith('/events') ? { status: 502 } : 'pass');
    const { isError, content } = await it.host.call('explain_denied_call');
    expect([isError, content['status'], content['retryable']]).toEqual([false, 'daemon_unavailable', true]);
    expect(content).not.toHaveProperty('verdict');
    it.proxy.treat = () => 'pass';
    expect((await it.host.call('explain_denied_call')).content).toMatchObject({ status: 'ok', verdict: 'ACCEPTED' });
  });
});

describe('session_status and session://self', () => {
  it('show how news come in: resuming while the stream is cut, and the host is told of each change', async () => {
    const installation = await ledger.install({ expiresIn: 600 });
    await using it = await desktop(ledger, installation);
    const status = async () => (await it.host.call('session_status')).content['session'] as { updates: string };
    await it.host.untilSelf({ state: 'active', updates: 'connected' });
    expect(await status()).toMatchObject({ updates: 'connected' });
    await it.host.request('resources/subscribe', { uri: 'session://self' });
    const told = () => it.host.notifications.filter(({ method }) => method?.endsWith('resources/updated')).length;
    const before = told();
    it.proxy.treat = ({ path }) => (path === '/v1/updates' ? 'refuse' : 'pass');
    it.proxy.cutAll();
    await it.host.untilSelf({ updates: 'resuming' });
    expect(await status()).toMatchObject({ updates: 'resuming' });
    it.proxy.treat = () => 'pass';
    await it.host.untilSelf({ updates: 'connected' });
    await until(() => told() >= before + 2, { describe: 'the host to be told of both' });
  });
});
