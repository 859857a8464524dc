import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '#libs/testing';
import { getMcpTokenPath, writeMcpToken } from '#libs/token-file';
import { desktop } from './desktop.js';
import { LedgerProxy } from './ledger-proxy.js';
import { McpHost } from './mcp-host.js';
import { newDataDir, RunningLedger } from './running-ledger.js';

const CALLS = Number(process.env['DEGRADED_CALLS'] ?? 1000);

let ledger: RunningLedger;

beforeAll(async () => {
  ledger = await RunningLedger.start();
});
afterAll(async () => {
  await ledger[Symbol.asyncDispose]();
});

describe('a start with something missing', () => {
  it('without a token says how to get one, and takes it when it comes', async () => {
    const dataDir = newDataDir();
    await using host = await McpHost.connect({ dataDir, baseUrl: ledger.baseUrl });
    const { isError, content } = await host.call('session_status');
    expect([isError, content['status'], content['retryable']]).toEqual([false, 'session_expired', true]);
    expect(content['hint']).toContain('sledger mcp setup');
    const { session } = await ledger.install({ expiresIn: ledger.life(60) }, { dataDir });
    await host.untilSelf({ state: 'active', sessionId: session.id });
  });

  it('with an expired token says so, and takes another when it comes', async () => {
    const ended = await ledger.install({ expiresIn: 1 }, { holder: false });
    await until(async () => (await ledger.owner.session(ended.session.id)).status === 'expired', {
      describe: 'the session to end',
    });
    await using host = await McpHost.connect({ dataDir: ended.dataDir, baseUrl: ledger.baseUrl });
    expect((await host.call('session_status')).content['hint']).toContain('sledger mcp refresh-token');
    const { session } = await ledger.install({ expiresIn: ledger.life(60) });
    await writeMcpToken(ended.tokenFile, session.token ?? '');
    await host.untilSelf({ state: 'active', sessionId: session.id });
  });

  it.each([
    ['S-01 open to others', (path: string) => chmodSync(path, 0o644), /permissions are 0644.*chmod 600/],
    [
      'S-02 cut in the middle',
      (path: string) => writeFileSync(path, 'sl_sess_eyJhbGciOi', { mode: 0o600 }),
      /content is no token/,
    ],
    [
      'S-02 full of garbage',
      (path: string) => writeFileSync(path, 'sl_sess_a.b.c', { mode: 0o600 }),
      /cannot be decoded/,
    ],
  ])(
    'with a token file that is %s refuses it with a clear line, and takes it once it is mended',
    async (_, spoil, says) => {
      const { dataDir, tokenFile, session } = await ledger.install({ expiresIn: ledger.life(60) }, { holder: false });
      spoil(tokenFile);
      await using host = await McpHost.connect({ dataDir, baseUrl: ledger.baseUrl });
      expect((await host.call('session_status')).content['status']).toBe('session_expired');
      expect(host.process.stderr).toMatch(says);
      expect(host.process.stderr).toMatch(/warn \[session\]/);
      await writeMcpToken(tokenFile, session.token ?? '');
      await host.untilSelf({ state: 'active', sessionId: session.id });
    },
  );

  it('S-04 with a symlink as token file refuses it', async () => {
    const { tokenFile } = await ledger.install({ expiresIn: ledger.life(60) }, { holder: false });
    const dataDir = newDataDir();
    symlinkSync(tokenFile, getMcpTokenPath(dataDir));
    await using host = await McpHost.connect({ dataDir, baseUrl: ledger.baseUrl });
    expect((await host.call('session_status')).content['status']).toBe('session_expired');
    expect(host.process.stderr).toContain('it is a symlink');
  });

  it('with a lost token file, but holder keys, is handed the token', async () => {
    const { dataDir, tokenFile, session } = await ledger.install({ expiresIn: ledger.life(60) });
    writeFileSync(tokenFile, '', { mode: 0o600 });
    await using host = await McpHost.connect({ dataDir, baseUrl: ledger.baseUrl });
    await host.untilSelf({ state: 'active', sessionId: session.id });
    expect((await host.call('session_status')).content['status']).toBe('ok');
  });

  it('without a server starts, keeps its token, and finds the server within seconds', async () => {
    const installation = await ledger.install({ expiresIn: ledger.life(60) });
    await using proxy = await LedgerProxy.start(ledger.baseUrl);
    proxy.treat = () => 'refuse';
    await using host = await McpHost.connect({ dataDir: installation.dataDir, baseUrl: proxy.url });
    const { isError, content } = await host.call('session_status');
    expect([isError, content['status']]).toEqual([false, 'daemon_unavailable']);
    expect(content['hint']).toContain('sledger start');
    proxy.treat = () => 'pass';
    await host.untilSelf({ state: 'active', reason: null }, 20_000);
  });

  it.each([
    ['no URL at all', 'nonsense'],
    ['a port where nobody listens', 'http://127.0.0.1:9'],
    ['a host that does not exist', 'http://ledger.invalid'],
  ])('with a server address that is %s says that the ledger cannot be reached', async (_, baseUrl) => {
    const installation = await ledger.install({ expiresIn: ledger.life(60) });
    await using host = await McpHost.connect({ dataDir: installation.dataDir, baseUrl });
    const { isError, content } = await host.call('session_status');
    expect([isError, content['status']]).toEqual([false, 'daemon_unavailable']);
    // The call and the look of the start go their own ways.
    await host.untilSelf({ state: 'error' });
  });

  it('with something else on the server’s port keeps its token', async () => {
    const installation = await ledger.install({ expiresIn: ledger.life(60) });
    await using proxy = await LedgerProxy.start(ledger.baseUrl);
    proxy.treat = () => ({ status: 401, headers: { 'content-type': 'text/html' }, body: '<h1>Sign in</h1>' });
    await using host = await McpHost.connect({ dataDir: installation.dataDir, baseUrl: proxy.url });
    expect((await host.call('session_status')).content['status']).toBe('daemon_unavailable');
    await host.untilSelf({ state: 'error', generation: 0 });
  });
});

describe('a connection under constant refusal', () => {
  it(`lives after ${CALLS} calls in expired, in error and under the kill switch, none flagged as an error`, async () => {
    const installation = await ledger.install({ expiresIn: 600 });
    await using it = await desktop(ledger, installation);
    await it.host.untilSelf({ state: 'active' });
    const statuses = async (): Promise<string[]> => {
      const answers = new Set<string>();
      for (let batch = 0; batch < CALLS; batch += 50) {
        const calls = Array.from({ length: 50 }, () => it.host.call('session_status'));
        for (const { isError, content } of await Promise.all(calls)) answers.add(`${content['status']} ${isError}`);
      }
      return [...answers];
    };
    await ledger.owner.activateKillSwitch({ reason: 'test' });
    expect(await statuses()).toEqual(['kill_switch_active false']);
    expect(await it.host.self()).toMatchObject({ generation: 0 });
    await ledger.owner.releaseKillSwitch();
    expect((await it.host.call('session_status')).content['status']).toBe('ok');

    it.proxy.treat = () => 'refuse';
    expect(await statuses()).toEqual(['daemon_unavailable false']);
    it.proxy.treat = () => 'pass';
    expect((await it.host.call('session_status')).content['status']).toBe('ok');

    await ledger.owner.revokeSession(installation.session.id);
    await it.host.untilSelf({ state: 'expired', reason: 'session_revoked' });
    it.proxy.forget();
    const started = performance.now();
    expect(await statuses()).toEqual(['session_expired false']);
    // Searching is bounded in time, not by the number of calls.
    const seconds = (performance.now() - started) / 1000;
    expect(it.proxy.count('POST', '/v1/holders/token')).toBeLessThanOrEqual(seconds + 2);
    expect(it.host.impurities()).toEqual([]);
    expect(it.host.process.exit).toBeUndefined();
  });
});

describe('secrets', () => {
  it('are in no byte of stdout or stderr, whatever goes wrong', async () => {
    const installation = await ledger.install({ expiresIn: ledger.life(12) });
    await using it = await desktop(ledger, installation, { env: { LEDGER_LOG_LEVEL: 'debug' } });
    await it.host.untilSelf({ generation: 1 });
    it.proxy.treat = () => 'refuse';
    it.proxy.cutAll();
    await it.host.call('session_status');
    await it.host.call('session_history');
    await until(() => it.host.process.stderr.includes('Updates: connection'), {
      describe: 'another try at the updates',
    });
    expect(it.host.impurities()).toEqual([]);
    expect(join(installation.dataDir, 'mcp-token')).toBe(installation.tokenFile);
  });
});
