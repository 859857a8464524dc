import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '#libs/testing';
import { desktop, type Desktop } from './desktop.js';
import { McpHost } from './mcp-host.js';
import { RunningLedger } from './running-ledger.js';
import { SteadyCalls } from './steady-calls.js';
import { SwapWriters, type Current } from './swap-writers.js';

/** 1,000 in full. */
const ROTATIONS = Number(process.env['SWAP_ROTATIONS'] ?? 40);
const CALLS_PER_SECOND = 50;
/** Who writes how often: a command line that has to start takes its time. */
const SHARES: Readonly<Record<string, number>> = { http: 6, sibling: 6, console: 4, telegram: 3, 'command line': 1 };

let ledger: RunningLedger;

beforeAll(async () => {
  ledger = await RunningLedger.start({ LEDGER_PREVIOUS_TOKEN_GRACE: '0' });
});
afterAll(async () => {
  await ledger[Symbol.asyncDispose]();
});

/** Waits until the api has answered 200 to a request with this very token; gives when that request came in. */
async function inUse({ proxy }: Desktop, from: number, { id, generation }: Current): Promise<number> {
  const first = await until(
    () =>
      proxy.seen
        .slice(from)
        .find((seen) => seen.session === id && seen.generation === generation && seen.status === 200),
    { describe: `a request with generation ${generation} of ${id}` },
  );
  return first.at;
}

function median(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? Infinity;
}

describe('rotations by everybody, under steady calls and with grace 0', () => {
  it(
    `lose no call of ${CALLS_PER_SECOND} a second over ${ROTATIONS} rotations by command line, HTTP, console, Telegram and sibling`,
    async () => {
      const agent = await ledger.agent();
      const installation = await ledger.install({ agentId: agent.id, expiresIn: 600 }, { dataDir: ledger.dataDir });
      await using by = await SwapWriters.start(ledger, installation);
      await using it = await desktop(ledger, installation);
      await using sibling = await McpHost.connect({ dataDir: ledger.dataDir, baseUrl: ledger.baseUrl });
      await it.host.untilSelf({ state: 'active' });
      const { pid } = it.host.process;
      await using calls = new SteadyCalls(it.host, CALLS_PER_SECOND);
      const times: number[] = [];
      const turns: number[] = [];
      const names = Object.keys(SHARES);
      const lots = names.flatMap((name) => Array<string>(SHARES[name] ?? 0).fill(name));
      let current: Current = installation.session;
      for (let round = 0; round < ROTATIONS; round += 1) {
        const from = it.proxy.seen.length;
        // The first rounds make sure of everybody.
        const name = names[round] ?? lots[randomInt(lots.length)] ?? '';
        current = (await by.writers[name]?.(current)) ?? current;
        const told = performance.now();
        const used = await inUse(it, from, current);
        if (name === 'http') {
          times.push(Math.max(0, used - told));
          const called = performance.now();
          await it.host.call('session_status');
          turns.push(performance.now() - called);
        }
        const further = it.proxy.seen.length + randomInt(3);
        await until(() => it.proxy.seen.length >= further, { describe: 'some more requests' });
      }
      const answers = await calls.stop();
      expect([...new Set(answers)]).toEqual(['ok false']);
      expect(answers.length).toBeGreaterThan(ROTATIONS);
      // Each call made the process send a request that the api accepted.
      const accepted = it.proxy.requests('GET', '/v1/session').filter(({ status }) => status === 200);
      expect(accepted.length).toBeGreaterThanOrEqual(answers.length);
      await sibling.untilSelf({ sessionId: current.id, generation: current.generation });
      // Its first request was to look whether the token is good.
      await it.host.untilSelf({ sessionId: current.id, generation: current.generation });
      expect([it.host.process.pid, it.host.process.exit]).toEqual([pid, undefined]);
      // The figure itself is measured by the bench; a busy machine takes longer, as it does for any call.
      expect(median(times)).toBeLessThan(Math.max(500, 5 * median(turns)));
    },
    240_000 + ROTATIONS * 10_000,
  );
});
