import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '#libs/testing';
import { inspectMcpToken } from '#libs/token-file';
import { LedgerProxy } from '../scenarios/ledger-proxy.js';
import { McpHost } from '../scenarios/mcp-host.js';
import { newDataDir, RunningLedger, type Installation } from '../scenarios/running-ledger.js';

/** Rounds of kills at random times; the named points run once each besides. */
const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 5);
const HOLD_AT = join(import.meta.dirname, 'hold-at.mjs');
/** Seconds: long enough for a busy machine to start the next process within the rest of it. */
const TTL = 14;
const AT_ONCE = 5;
/** In the process: steps of the file write. On the wire: before the api hears of it, and before the process hears the answer. */
const FILE_POINTS = [
  'before-temporary',
  'empty-temporary',
  'half-temporary',
  'before-sync',
  'before-rename',
  'after-rename',
];
const WIRE_POINTS = ['before-send', 'before-answer'] as const;

let ledger: RunningLedger;

beforeAll(async () => {
  ledger = await RunningLedger.start({ LEDGER_PREVIOUS_TOKEN_GRACE: '0' });
});
afterAll(async () => {
  await ledger[Symbol.asyncDispose]();
});

/** After the kill: a new process comes up, is on the ledger's current token at once, and the file holds it whole. */
async function expectGoodAfterRestart({ dataDir, session, tokenFile }: Installation): Promise<void> {
  await using host = await McpHost.connect({ dataDir, baseUrl: ledger.baseUrl });
  const { isError, content } = await host.call('session_status');
  expect([isError, content['status']]).toEqual([false, 'ok']);
  const { generation } = await ledger.owner.session(session.id);
  const status = content['session'] as { generation: number; sessionId: string };
  expect(status.sessionId).toBe(session.id);
  expect(status.generation).toBeGreaterThanOrEqual(generation - 1);
  expect(await until(() => inspectMcpToken(tokenFile), { describe: 'the file' })).toHaveProperty('token');
  expect(host.impurities()).toEqual([]);
}

async function killAtFilePoint(point: string): Promise<void> {
  const installation = await ledger.install({ expiresIn: TTL });
  const sign = join(newDataDir(), 'arrived');
  await using host = await McpHost.connect({
    dataDir: installation.dataDir,
    baseUrl: ledger.baseUrl,
    env: { HOLD_AT: point, HOLD_SIGN: sign },
    nodeArgs: ['--import', HOLD_AT],
  });
  await until(() => existsSync(sign), { timeoutMs: TTL * 1000, describe: `the process to reach ${point}` });
  await host.process.kill();
  expect(inspectMcpToken(installation.tokenFile)).toHaveProperty('token');
  await expectGoodAfterRestart(installation);
}

async function killAtRandom(): Promise<void> {
  const installation = await ledger.install({ expiresIn: TTL });
  await using proxy = await LedgerProxy.start(ledger.baseUrl);
  await using host = await McpHost.connect({ dataDir: installation.dataDir, baseUrl: proxy.url });
  await until(() => proxy.count('PUT', '/renew'), { timeoutMs: TTL * 1000, describe: 'the renewal' });
  await sleep(Math.random() * 40);
  await host.process.kill();
  await expectGoodAfterRestart(installation);
}

describe('F-7 kill -9 during a renewal', () => {
  it(`at each of ${FILE_POINTS.length} points of the file: the next process has the current token`, async () => {
    await Promise.all(FILE_POINTS.map((point) => killAtFilePoint(point)));
  });

  it.each(WIRE_POINTS)('at %s: the next process has the current token', async (point) => {
    const installation = await ledger.install({ expiresIn: TTL });
    await using proxy = await LedgerProxy.start(ledger.baseUrl);
    let arrived = false;
    proxy.treat = ({ method }) => {
      if (method !== 'PUT') return 'pass';
      arrived = true;
      return point === 'before-send' ? 'hang' : 'lose-answer';
    };
    await using host = await McpHost.connect({ dataDir: installation.dataDir, baseUrl: proxy.url });
    await until(() => arrived, { timeoutMs: TTL * 1000, describe: 'the renewal' });
    if (point === 'before-answer') {
      await until(async () => (await ledger.owner.session(installation.session.id)).generation === 1, {
        describe: 'the api to have renewed',
      });
    }
    await host.process.kill();
    await expectGoodAfterRestart(installation);
  });

  it(`at ${ROUNDS} random times: the current token in every round`, async () => {
    for (let done = 0; done < ROUNDS; done += AT_ONCE) {
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, ROUNDS - done) }, () => killAtRandom()));
    }
  });

  it('leaves no temporary file behind for long', async () => {
    const installation = await ledger.install({ expiresIn: TTL });
    const sign = join(newDataDir(), 'arrived');
    await using host = await McpHost.connect({
      dataDir: installation.dataDir,
      baseUrl: ledger.baseUrl,
      env: { HOLD_AT: 'half-temporary', HOLD_SIGN: sign },
      nodeArgs: ['--import', HOLD_AT],
    });
    await until(() => existsSync(sign), { timeoutMs: TTL * 1000, describe: 'a half-written file' });
    await host.process.kill();
    const leftovers = () => readdirSync(dirname(installation.tokenFile)).filter((name) => name.endsWith('.tmp'));
    expect(leftovers()).toHaveLength(1);
    await expectGoodAfterRestart(installation);
    expect(leftovers()).toEqual([]);
  });

  it('with a full disk: memory takes the token all the same, and says that the file lags behind', async () => {
    const installation = await ledger.install({ expiresIn: TTL });
    await using host = await McpHost.connect({
      dataDir: installation.dataDir,
      baseUrl: ledger.baseUrl,
      env: { HOLD_AT: 'disk-full', HOLD_SIGN: '/dev/null' },
      nodeArgs: ['--import', HOLD_AT],
    });
    await host.untilSelf({ generation: 1, state: 'active', tokenFileCurrent: false }, TTL * 1000);
    expect((await host.call('session_status')).content['status']).toBe('ok');
    expect(host.process.stderr).toMatch(/error \[session\] The token file cannot be written \(ENOSPC\)/);
    expect(host.process.stderr.match(/cannot be written/g)).toHaveLength(1);
    await host.process.kill();
    await expectGoodAfterRestart(installation);
  });
});
