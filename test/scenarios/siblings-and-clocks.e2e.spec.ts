import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { until } from '#libs/testing';
import { readMcpToken } from '#libs/token-file';
import { desktop, REQUESTS_OF_A_START } from './desktop.js';
import { LedgerProxy } from './ledger-proxy.js';
import { allOf, McpHost } from './mcp-host.js';
import { newDataDir, RunningLedger, type Installation } from './running-ledger.js';

const SHIFT_CLOCK = join(import.meta.dirname, 'shift-clock.mjs');
const RECORD_TIMERS = join(import.meta.dirname, 'record-timers.mjs');

// Tokens live longer where the machine is slow.
jest.setTimeout(1_500_000);

let ledger: RunningLedger;

beforeAll(async () => {
  ledger = await RunningLedger.start({ LEDGER_ABSOLUTE_LIFETIME: '7776000' });
});
afterAll(async () => {
  await ledger[Symbol.asyncDispose]();
});

/** Stops the processes, and says how their session stands then: one that was slow to start may have renewed, or be about to hear of it. */
async function putToSleep(hosts: readonly McpHost[], proxy: LedgerProxy, { session }: Installation) {
  for (const { process } of hosts) process.signal('SIGSTOP');
  await until(() => proxy.requests('PUT', '/renew').every(({ answeredAt }) => answeredAt !== null), {
    describe: 'a renewal under way to be answered',
  });
  return await ledger.owner.session(session.id);
}

describe('five siblings on one token file', () => {
  it.concurrent(
    'that sleep past the renewal and wake together make one renewal, and all end on its token',
    async () => {
      const installation = await ledger.install({ expiresIn: ledger.life(30) });
      await using proxy = await LedgerProxy.start(ledger.baseUrl);
      const hosts = await Promise.all(
        Array.from({ length: 5 }, () => McpHost.connect({ dataDir: installation.dataDir, baseUrl: proxy.url })),
      );
      await using _all = allOf(hosts);
      await Promise.all(hosts.map((host) => host.untilSelf({ state: 'active' })));
      const asleep = await putToSleep(hosts, proxy, installation);
      const renewals = () => proxy.requests('PUT', '/renew');
      const before = renewals().length;
      await until(() => Date.now() > Date.parse(asleep.expiresAt) - ledger.life(10) * 1000, {
        timeoutMs: ledger.within(30),
        describe: 'the sleep to end',
      });
      for (const { process } of hosts) process.signal('SIGCONT');
      const generation = asleep.generation + 1;
      await Promise.all(hosts.map((host) => host.untilSelf({ state: 'active', generation })));
      expect(
        renewals()
          .slice(before)
          .map(({ status }) => status),
      ).toEqual([200]);
      expect(await ledger.renewals(installation.session.id)).toBe(generation);
    },
  );

  it.concurrent('that sleep for twice the life of the token know that it has expired, and say so', async () => {
    const installation = await ledger.install({ expiresIn: ledger.life(12) });
    await using it = await desktop(ledger, installation);
    await it.host.untilSelf({ state: 'active' });
    const asleep = await putToSleep([it.host], it.proxy, installation);
    const wake = Date.parse(asleep.expiresAt) + ledger.life(12) * 1000;
    await until(() => Date.now() > wake, {
      timeoutMs: ledger.within(24),
      describe: 'twice the life of the token to pass',
    });
    it.host.process.signal('SIGCONT');
    expect(await it.host.untilSelf({ state: 'expired' })).toMatchObject({ secondsLeft: 0 });
    const { isError, content } = await it.host.call('session_status');
    expect([isError, content['status']]).toEqual([false, 'session_expired']);
    expect(await ledger.renewals(installation.session.id)).toBe(asleep.generation);
  });
});

describe('a clock that is wrong', () => {
  it.concurrent.each([-600_000, -90_000, 90_000, 600_000])(
    'by %i ms neither renews before 50 %% of the life nor thinks a good token expired',
    async (shift) => {
      const installation = await ledger.install({ expiresIn: ledger.life(24) });
      await using it = await desktop(ledger, installation, {
        env: { CLOCK_SHIFT_MS: String(shift) },
        nodeArgs: ['--import', SHIFT_CLOCK],
      });
      const states = new Set<unknown>();
      await until(
        async () => {
          const self = await it.host.self();
          states.add(self['state']);
          return Number(self['generation']) >= 2;
        },
        { timeoutMs: ledger.within(48), describe: 'two renewals' },
      );
      expect([...states]).toEqual(['active']);
      const statuses = it.proxy.requests('PUT', '/renew').map(({ status }) => status);
      // The next one may be on its way.
      expect(statuses.slice(0, 2)).toEqual([200, 200]);
    },
  );
});

describe('a token of 90 days', () => {
  it.concurrent('is kept without a timer that overflows, and without a request more than the start needs', async () => {
    const installation = await ledger.install({ expiresIn: 7_776_000 });
    const timers = join(newDataDir(), 'timers');
    await using it = await desktop(ledger, installation, {
      env: { TIMERS_FILE: timers },
      nodeArgs: ['--import', RECORD_TIMERS],
    });
    const { longest } = await until(
      () => {
        const seen = JSON.parse(readFileSync(timers, 'utf8')) as { longest: number; rounds: number };
        return seen.rounds >= 3 ? seen : null;
      },
      { describe: 'the process to look round three times' },
    );
    await until(() => it.proxy.seen.length >= REQUESTS_OF_A_START.length, { describe: 'the requests of the start' });
    expect(longest).toBeLessThan(2 ** 31);
    expect(it.proxy.seen.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(REQUESTS_OF_A_START);
    expect(it.host.process.stderr).not.toContain('TimeoutOverflowWarning');
    const days = (Date.parse(String((await it.host.self())['renewAt'])) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(45);
    expect(days).toBeLessThan(60);
  });
});

describe('several clients on one agent', () => {
  it.concurrent('have token files and sessions of their own, and do not disturb each other', async () => {
    const agent = await ledger.agent();
    const dataDir = newDataDir();
    const one = await ledger.install(
      { agentId: agent.id, expiresIn: ledger.life(24), supersede: false },
      { dataDir, name: 'claude' },
    );
    const two = await ledger.install(
      { agentId: agent.id, expiresIn: ledger.life(24), supersede: false },
      { dataDir, name: 'cursor' },
    );
    await using first = await desktop(ledger, one, { holder: 'claude' });
    await using second = await desktop(ledger, two, { holder: 'cursor' });
    await Promise.all([first, second].map(({ host }) => host.untilSelf({ generation: 2 }, ledger.within(48))));
    expect((await first.host.self())['sessionId']).toBe(one.session.id);
    expect((await second.host.self())['sessionId']).toBe(two.session.id);
    expect(one.tokenFile).toBe(join(dataDir, 'mcp-tokens', 'claude'));
    expect(readMcpToken(one.tokenFile)).not.toBe(readMcpToken(two.tokenFile));
    for (const { proxy } of [first, second]) {
      const statuses = proxy.requests('PUT', '/renew').map(({ status }) => status);
      // The next one may be on its way.
      expect(statuses.slice(0, 2)).toEqual([200, 200]);
    }
  });
});
