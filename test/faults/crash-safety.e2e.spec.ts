import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { decodeJwt } from 'jose';
import { bareToken } from '#libs/contracts';
import { until } from '#libs/testing';
import { inspectMcpToken } from '#libs/token-file';
import { LedgerProxy } from '../scenarios/ledger-proxy.js';
import { McpHost } from '../scenarios/mcp-host.js';
import { newDataDir, RunningLedger, type Installation } from '../scenarios/running-ledger.js';

const HOLD_AT = join(import.meta.dirname, 'hold-at.mjs');
/** Seconds: long enough for a busy machine to start the next process within the rest of it. */
const TTL = 36;
const AT_ONCE = 6;
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
/** One kill of each kind, three of them at no named point. */
const KINDS: ((installation: Installation) => Promise<void>)[] = [
  ...FILE_POINTS.map((point) => (installation: Installation) => killAtFilePoint(installation, point)),
  ...WIRE_POINTS.map((point) => (installation: Installation) => killOnTheWire(installation, point)),
  killWithFullDisk,
  killAtRandom,
  killAtRandom,
  killAtRandom,
];
/** Rounds, going through the kinds again and again; 200 in full. */
const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? KINDS.length);

// Tokens live longer where the machine is slow.
jest.setTimeout(1_500_000);

let ledger: RunningLedger;

beforeAll(async () => {
  ledger = await RunningLedger.start({ LEDGER_PREVIOUS_TOKEN_GRACE: '0' });
});
afterAll(async () => {
  await ledger[Symbol.asyncDispose]();
});

/** After the kill: a new process comes up, is on the ledger's current token at once, and the file holds it whole. */
async function expectGoodAfterRestart({ dataDir, session, tokenFile }: Installation): Promise<void> {
  const before = await ledger.owner.session(session.id);
  await using host = await McpHost.connect({ dataDir, baseUrl: ledger.baseUrl });
  const { isError, content } = await host.call('session_status');
  // With grace 0 the ledger answers only to the current generation: `ok` says that the call was made with it.
  expect([isError, content['status']]).toEqual([false, 'ok']);
  const status = content['session'] as { generation: number; sessionId: string };
  expect(status.sessionId).toBe(session.id);
  expect(status.generation).toBeGreaterThanOrEqual(before.generation);
  await until(() => generationInFile(tokenFile) >= status.generation, { describe: 'the current token in the file' });
}

function generationInFile(tokenFile: string): number {
  const file = inspectMcpToken(tokenFile);
  return 'token' in file ? Number(decodeJwt(bareToken(file.token))['gen']) : -1;
}

/** Starts a process that is held for ever at a point of writing the file; gives it once it is there. */
async function heldAt({ dataDir }: Installation, point: string): Promise<McpHost> {
  const sign = join(newDataDir(), 'arrived');
  const host = await McpHost.connect({
    dataDir,
    baseUrl: ledger.baseUrl,
    env: { HOLD_AT: point, HOLD_SIGN: sign },
    nodeArgs: ['--import', HOLD_AT],
  });
  await until(() => existsSync(sign), { timeoutMs: ledger.within(TTL), describe: `the process to reach ${point}` });
  return host;
}

async function killAtFilePoint(installation: Installation, point: string): Promise<void> {
  await using host = await heldAt(installation, point);
  await host.process.kill();
  expect(inspectMcpToken(installation.tokenFile)).toHaveProperty('token');
}

async function killOnTheWire({ dataDir, session }: Installation, point: (typeof WIRE_POINTS)[number]): Promise<void> {
  await using proxy = await LedgerProxy.start(ledger.baseUrl);
  let arrived = false;
  proxy.treat = ({ method }) => {
    if (method !== 'PUT') return 'pass';
    arrived = true;
    return point === 'before-send' ? 'hang' : 'lose-answer';
  };
  await using host = await McpHost.connect({ dataDir, baseUrl: proxy.url });
  await until(() => arrived, { timeoutMs: ledger.within(TTL), describe: 'the renewal' });
  if (point === 'before-answer') {
    await until(async () => (await ledger.owner.session(session.id)).generation === 1, {
      describe: 'the api to have renewed',
    });
  }
  await host.process.kill();
}

async function killWithFullDisk({ dataDir }: Installation): Promise<void> {
  await using host = await McpHost.connect({
    dataDir,
    baseUrl: ledger.baseUrl,
    env: { HOLD_AT: 'disk-full', HOLD_SIGN: '/dev/null' },
    nodeArgs: ['--import', HOLD_AT],
  });
  await host.untilSelf({ generation: 1, state: 'active', tokenFileCurrent: false });
  expect((await host.call('session_status')).content['status']).toBe('ok');
  expect(host.process.stderr).toMatch(/error \[session\] The token file cannot be written \(ENOSPC\)/);
  expect(host.process.stderr.match(/cannot be written/g)).toHaveLength(1);
  await host.process.kill();
}

async function killAtRandom({ dataDir }: Installation): Promise<void> {
  await using proxy = await LedgerProxy.start(ledger.baseUrl);
  await using host = await McpHost.connect({ dataDir, baseUrl: proxy.url });
  await until(() => proxy.count('PUT', '/renew'), { timeoutMs: ledger.within(TTL), describe: 'the renewal' });
  // Waits for nothing: the random moment is what is tried.
  await sleep(Math.random() * 40);
  await host.process.kill();
}

async function round(index: number): Promise<void> {
  const installation = await ledger.install({ expiresIn: ledger.life(TTL) });
  await KINDS[index % KINDS.length]?.(installation);
  await expectGoodAfterRestart(installation);
}

describe('F-7 kill -9 during a renewal', () => {
  it.concurrent(
    `at named points, at random times and with a full disk: the current token after each of ${ROUNDS} kills`,
    async () => {
      for (let done = 0; done < ROUNDS; done += AT_ONCE) {
        await Promise.all(Array.from({ length: Math.min(AT_ONCE, ROUNDS - done) }, (_, index) => round(done + index)));
      }
    },
    1_500_000 + ROUNDS * 20_000,
  );

  it.concurrent('leaves no temporary file behind for long', async () => {
    const installation = await ledger.install({ expiresIn: ledger.life(TTL) });
    await using host = await heldAt(installation, 'half-temporary');
    await host.process.kill();
    const leftovers = () => readdirSync(dirname(installation.tokenFile)).filter((name) => name.endsWith('.tmp'));
    expect(leftovers()).toHaveLength(1);
    await expectGoodAfterRestart(installation);
    expect(leftovers()).toEqual([]);
  });
});
