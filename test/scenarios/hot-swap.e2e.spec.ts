import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '#libs/testing';
import { readMcpToken, writeMcpToken } from '#libs/token-file';
import { desktop, settled } from './desktop.js';
import type { Treatment } from './ledger-proxy.js';
import { RunningLedger } from './running-ledger.js';

/** A search that nothing sets off comes after 40 s at the earliest. Milliseconds. */
const LONG_BEFORE_RECOVERY = 20_000;

let ledger: RunningLedger;

beforeAll(async () => {
  ledger = await RunningLedger.start({ LEDGER_PREVIOUS_TOKEN_GRACE: '0' });
});
afterAll(async () => {
  await ledger[Symbol.asyncDispose]();
});

describe('a rotation by somebody else', () => {
  it('is taken without a restart, and the host is told that session://self changed', async () => {
    const installation = await ledger.install({ expiresIn: 600 });
    await using it = await desktop(ledger, installation);
    await it.host.request('resources/subscribe', { uri: 'session://self' });
    await it.host.untilSelf({ state: 'active', generation: 0 });
    await ledger.owner.rotateSession(installation.session.id);
    await it.host.untilSelf({ state: 'active', generation: 1 });
    const updated = await until(
      () => it.host.notifications.find(({ method }) => method?.endsWith('resources/updated')),
      {
        describe: 'the notification',
      },
    );
    expect(updated.params).toMatchObject({ uri: 'session://self' });
    expect(it.proxy.count('PUT', '/renew')).toBe(0);
  });

  it('F-6 is found by the 401 path when every subscription is cut', async () => {
    const installation = await ledger.install({ expiresIn: 600 });
    await using it = await desktop(ledger, installation);
    await settled(it);
    it.proxy.treat = ({ path }) => (path === '/v1/updates' ? 'refuse' : 'pass');
    it.proxy.cutAll();
    await it.host.call('session_status');
    await ledger.owner.rotateSession(installation.session.id);
    const started = performance.now();
    const { content } = await it.host.call('session_status');
    expect(content).toMatchObject({ status: 'ok', session: { generation: 1 } });
    expect(performance.now() - started).toBeLessThan(LONG_BEFORE_RECOVERY);
    expect(it.proxy.requests('GET', '/v1/session').map(({ status }) => status)).toContain(401);
  });

  it('is found by the directory watch when every subscription is cut and nobody calls', async () => {
    const installation = await ledger.install({ expiresIn: 600 });
    await using it = await desktop(ledger, installation);
    await settled(it);
    it.proxy.treat = ({ path }) => (path === '/v1/updates' ? 'refuse' : 'pass');
    it.proxy.cutAll();
    await it.host.untilSelf({ state: 'active' });
    const { token } = await ledger.owner.rotateSession(installation.session.id);
    await writeMcpToken(installation.tokenFile, token ?? '');
    await it.host.untilSelf({ generation: 1 }, LONG_BEFORE_RECOVERY);
  });

  it('costs nothing while everything is cut: the old token is kept and used again', async () => {
    const installation = await ledger.install({ expiresIn: 600 });
    await using it = await desktop(ledger, installation);
    await it.host.call('session_status');
    await settled(it);
    it.proxy.treat = () => 'refuse';
    it.proxy.cutAll();
    expect((await it.host.call('session_status')).content['status']).toBe('daemon_unavailable');
    expect(await it.host.self()).toMatchObject({ state: 'active', generation: 0 });
    it.proxy.treat = () => 'pass';
    expect((await it.host.call('session_status')).content).toMatchObject({ status: 'ok', session: { generation: 0 } });
  });

  it('follows a file that is written backwards no further than the newest generation', async () => {
    const installation = await ledger.install({ expiresIn: 600 });
    await using it = await desktop(ledger, installation);
    await it.host.untilSelf({ state: 'active' });
    await ledger.owner.rotateSession(installation.session.id);
    await it.host.untilSelf({ generation: 1 });
    await writeMcpToken(installation.tokenFile, installation.session.token ?? '');
    await it.host.call('session_status');
    expect(await it.host.self()).toMatchObject({ state: 'active', generation: 1 });
  });

  it('of a session that the owner replaces meanwhile does not write the old token over the new one', async () => {
    const installation = await ledger.install({ expiresIn: 600 });
    await using it = await desktop(ledger, installation);
    await it.host.untilSelf({ state: 'active', reason: null });
    await until(() => it.proxy.count('POST', '/v1/holders/token'), { describe: 'the hand-over of the start' });
    const made: { token?: string | null; id?: string } = {};
    it.proxy.treat = async ({ path }): Promise<Treatment> => {
      // The answer is of the old session, for the holder has not been moved; the file is already of the new one.
      if (path === '/v1/holders/token' && made.token) await writeMcpToken(installation.tokenFile, made.token);
      return 'pass';
    };
    const { agentId } = installation.session;
    Object.assign(made, await ledger.owner.createSession({ agentId, expiresIn: 600, supersede: false }));
    await it.host.untilSelf({ state: 'active', sessionId: made.id });
    expect(readMcpToken(installation.tokenFile)).toBe(made.token);
    expect((await it.host.call('session_status')).content).toMatchObject({
      status: 'ok',
      session: { sessionId: made.id },
    });
  });
});
