import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { decodeJwt } from 'jose';
import { bareToken } from '#libs/contracts';
import { Standstill, until } from '#libs/testing';
import { getMcpTokenPath, readMcpToken, writeMcpToken } from '#libs/token-file';
import { desktop } from './desktop.js';
import { LedgerProxy, type Treatment } from './ledger-proxy.js';
import { McpHost } from './mcp-host.js';
import { newDataDir, RunningLedger, type Installation } from './running-ledger.js';

// Tokens live longer where the machine is slow.
jest.setTimeout(1_500_000);

let ledger: RunningLedger;
let slow: Installation;

beforeAll(async () => {
  ledger = await RunningLedger.start({ LEDGER_ABSOLUTE_LIFETIME: '7200' });
  // Long enough to be renewed late, down and back within its life.
  slow = await ledger.install({ expiresIn: ledger.life(70) });
});
afterAll(async () => {
  await ledger[Symbol.asyncDispose]();
});

function claimsOf(token: string | null): { gen: number; sid: string; iat: number; exp: number } {
  return decodeJwt(bareToken(token ?? ''));
}

describe('the life of a token', () => {
  // Begins first: it takes the longest.
  it.concurrent(
    'T-13 server down: three retries, `error`, and it recovers by itself when the server is back',
    async () => {
      using standstill = new Standstill();
      await using proxy = await LedgerProxy.start(ledger.baseUrl);
      let down = false;
      proxy.treat = ({ method }) => {
        if (method === 'PUT' && !down) {
          down = true;
          setImmediate(() => proxy.cutAll());
          proxy.forget();
        }
        return down ? 'refuse' : 'pass';
      };
      await using host = await McpHost.connect({ dataDir: slow.dataDir, baseUrl: proxy.url });
      await until(() => down, { timeoutMs: ledger.within(70), describe: 'the renewal to fall into the outage' });
      await host.untilSelf({ state: 'error', reason: 'server_unreachable' });
      const attempts = proxy.seen.filter(({ path }) => path !== '/v1/updates' && path !== '/v1/holders/receipts');
      expect(attempts.map(({ method, path }) => `${method} ${path.replace(slow.session.id, 'id')}`)).toEqual([
        // Nobody knows whether the renewal was heard, so each retry asks before it would send again.
        'POST /v1/holders/token',
        'POST /v1/holders/token',
        'POST /v1/holders/token',
      ]);
      const gaps = attempts.slice(1).map(({ at }, index) => (at - (attempts[index]?.at ?? 0)) / 1000);
      const said = [...host.process.stderr.matchAll(/Renewal: .*; trying again in (\d+) s/g)];
      expect(said.map(([, seconds]) => Number(seconds))).toEqual([1, 2, 4]);
      // A busy machine is late, and never early; the process may get fewer turns than this one.
      for (const [index, seconds] of [2, 4].entries()) {
        expect(gaps[index]).toBeGreaterThan(seconds - 0.5);
        expect((gaps[index] ?? 0) - standstill.ms / 1000).toBeLessThan(2 * seconds + 4);
      }
      const meanwhile = await host.call('session_status');
      expect(meanwhile).toMatchObject({ isError: false, content: { status: 'daemon_unavailable', retryable: true } });
      down = false;
      proxy.treat = () => 'pass';
      await host.untilSelf({ state: 'active', generation: 1 });
    },
  );

  it.concurrent('T-01 first start, environment token only: loaded, renewal scheduled', async () => {
    const { session } = await ledger.install({ expiresIn: ledger.life(60) }, { holder: false });
    const dataDir = newDataDir();
    await using host = await McpHost.connect({
      dataDir,
      baseUrl: ledger.baseUrl,
      env: { LEDGER_SESSION_TOKEN: session.token ?? '' },
    });
    const { content } = await host.call('session_status');
    expect(content).toMatchObject({ status: 'ok', session: { state: 'active', sessionId: session.id, generation: 0 } });
    const { renewAt } = await host.self();
    const { iat, exp } = claimsOf(session.token);
    const share = (Date.parse(String(renewAt)) / 1000 - iat) / (exp - iat);
    expect(share).toBeGreaterThan(0.5);
    expect(share).toBeLessThan(0.7);
    expect(existsSync(getMcpTokenPath(dataDir))).toBe(false);
  });

  it.concurrent('T-02 file and environment: the file wins', async () => {
    const inFile = await ledger.install({ expiresIn: ledger.life(60) });
    const other = await ledger.install({ expiresIn: ledger.life(60) });
    await using host = await McpHost.connect({
      dataDir: inFile.dataDir,
      baseUrl: ledger.baseUrl,
      env: { LEDGER_SESSION_TOKEN: other.session.token ?? '' },
    });
    expect((await host.call('session_status')).content).toMatchObject({ session: { sessionId: inFile.session.id } });
  });

  it.concurrent('takes the environment’s token when the file’s is refused', async () => {
    const inFile = await ledger.install({ expiresIn: ledger.life(60) }, { holder: false });
    const other = await ledger.install({ expiresIn: ledger.life(60) });
    await ledger.owner.revokeSession(inFile.session.id);
    await using host = await McpHost.connect({
      dataDir: inFile.dataDir,
      baseUrl: ledger.baseUrl,
      env: { LEDGER_SESSION_TOKEN: other.session.token ?? '' },
    });
    await host.untilSelf({ state: 'active', sessionId: other.session.id });
  });

  it.concurrent('T-03 renewal at 60 %: file written, then memory, next one scheduled', async () => {
    using standstill = new Standstill();
    const installation = await ledger.install({ expiresIn: ledger.life(30) });
    await using it = await desktop(ledger, installation);
    const inFileAtUse: number[] = [];
    it.proxy.treat = ({ generation }) => {
      if (generation === 1) inFileAtUse.push(claimsOf(readMcpToken(installation.tokenFile)).gen);
      return 'pass';
    };
    const { iat, exp } = claimsOf(installation.session.token);
    const [put] = await until(() => (it.proxy.count('PUT', '/renew') > 0 ? it.proxy.requests('PUT', '/renew') : null), {
      timeoutMs: ledger.within(30),
      describe: 'a renewal',
    });
    const share = (performance.timeOrigin + (put?.at ?? 0) - iat * 1000) / (exp - iat) / 1000;
    expect(share).toBeGreaterThanOrEqual(0.5);
    expect(share - standstill.ms / 1000 / (exp - iat)).toBeLessThan(0.8);
    await it.host.untilSelf({ generation: 1, state: 'active' });
    await it.host.call('session_status');
    const [atFirstUse] = await until(() => inFileAtUse.length > 0 && inFileAtUse, { describe: 'a use of it' });
    expect(atFirstUse).toBe(1);
    expect(Date.parse(String((await it.host.self())['renewAt']))).toBeGreaterThan(Date.now());
    await it.host.untilSelf({ generation: 2 }, ledger.within(30));
    expect(it.proxy.count('PUT', '/renew')).toBe(2);
  });

  it.concurrent('T-04 RENEWAL_TOO_EARLY: stays active and tries once more, when the server said', async () => {
    await using it = await desktop(ledger, await ledger.install({ expiresIn: ledger.life(40) }));
    const answer = await it.host.call('renew_session');
    expect(answer.isError).toBe(false);
    expect(answer.content).toMatchObject({ status: 'ok', renewed: false, session: { state: 'active', generation: 0 } });
    expect(it.proxy.count('PUT', '/renew')).toBe(1);
    await it.host.untilSelf({ generation: 1, state: 'active' }, ledger.within(40));
    expect(it.proxy.requests('PUT', '/renew').map(({ status }) => status)).toEqual([400, 200]);
  });

  it.concurrent(
    'T-05 RENEWAL_LIMIT_REACHED: gives up renewing, keeps the token until it ends, the server warns',
    async () => {
      const installation = await ledger.install({ expiresIn: ledger.life(30), maxRenewals: 1 });
      await using it = await desktop(ledger, installation);
      const limit = { state: 'expiring', reason: 'renewal_limit', generation: 1 };
      await it.host.untilSelf(limit, ledger.within(60));
      expect((await it.host.call('session_status')).content['status']).toBe('ok');
      await it.host.untilSelf({ state: 'expired' }, ledger.within(30));
      expect(it.proxy.requests('PUT', '/renew').map(({ status }) => status)).toEqual([200, 403]);
      const answer = await it.host.call('session_status');
      expect(answer.isError).toBe(false);
      expect(answer.content).toMatchObject({ status: 'session_expired', retryable: true });
      expect(answer.content['hint']).toContain('sledger mcp refresh-token');
      const events = await ledger.events(installation.session.id);
      expect(events.map(({ type }) => type)).toContain('ledger.session.expiring_soon.v1');
    },
  );

  it.concurrent('T-07 401, another token in the file: taken, the call retried and good', async () => {
    const first = await ledger.install({ expiresIn: ledger.life(60) }, { holder: false });
    const second = await ledger.install({ expiresIn: ledger.life(60) }, { holder: false });
    await using it = await desktop(ledger, first);
    await it.host.call('session_status');
    await ledger.owner.revokeSession(first.session.id);
    await writeMcpToken(first.tokenFile, second.session.token ?? '');
    const { isError, content } = await it.host.call('session_status');
    expect(isError).toBe(false);
    expect(content).toMatchObject({ status: 'ok', session: { sessionId: second.session.id, state: 'active' } });
  });

  it.concurrent('T-12 calls during a renewal use the old token; no second renewal', async () => {
    const installation = await ledger.install({ expiresIn: ledger.life(30) });
    await using it = await desktop(ledger, installation);
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    it.proxy.treat = async ({ method }): Promise<Treatment> => {
      if (method === 'PUT') await held;
      return 'pass';
    };
    await until(() => it.proxy.count('PUT', '/renew'), { timeoutMs: ledger.within(30), describe: 'a renewal' });
    const answers = await Promise.all(Array.from({ length: 30 }, () => it.host.call('session_status')));
    expect(answers.map(({ content }) => content['status'])).toEqual(Array(30).fill('ok'));
    const calls = it.proxy.requests('GET', '/v1/session').slice(-30);
    expect(calls.map(({ generation, status }) => [generation, status])).toEqual(Array(30).fill([0, 200]));
    expect(it.proxy.count('PUT', '/renew')).toBe(1);
    release();
    await it.host.untilSelf({ generation: 1 });
    expect(it.proxy.count('PUT', '/renew')).toBe(1);
  });

  it.concurrent('T-06 absolute lifetime reached: no renewal; `expired` when the token ends', async () => {
    await using short = await RunningLedger.start({ LEDGER_ABSOLUTE_LIFETIME: String(ledger.life(31)) });
    const installation = await short.install({ expiresIn: ledger.life(30) });
    await using proxy = await LedgerProxy.start(short.baseUrl);
    await using host = await McpHost.connect({ dataDir: installation.dataDir, baseUrl: proxy.url });
    await host.untilSelf({ state: 'expiring', reason: 'absolute_lifetime' }, ledger.within(30));
    expect((await host.call('session_status')).content['status']).toBe('ok');
    await host.untilSelf({ state: 'expired' }, ledger.within(30));
    expect(proxy.requests('PUT', '/renew').map(({ status }) => status)).toEqual([403]);
    await until(async () => (await short.owner.session(installation.session.id)).status === 'expired', {
      describe: 'the ledger to say so too',
    });
  });
});
