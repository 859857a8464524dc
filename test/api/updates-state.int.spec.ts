import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createSession, type Session, type SessionStatusReport } from '#libs/client';
import type { SessionWithToken } from '#libs/contracts';
import { CuttingProxy, testEnvironment, until } from '#libs/testing';
import { RunningApi } from './running-api.js';

/** Seconds, and milliseconds. */
const HEARTBEAT = 0.5;
const STALE_AFTER = 4_000;

let api: RunningApi;
let session: SessionWithToken;
let proxy: CuttingProxy;

beforeAll(async () => {
  api = await RunningApi.start({ LEDGER_UPDATES_HEARTBEAT: String(HEARTBEAT) });
  session = await api.session();
  proxy = await CuttingProxy.start(Number(new URL(api.url).port));
});
afterAll(async () => {
  await proxy?.[Symbol.asyncDispose]();
  await api?.[Symbol.asyncDispose]();
});

type State = SessionStatusReport['updates'];

/** A program on the session, behind the proxy, with every state of its update stream in order. */
function listen(staleAfterMs?: number): { held: Session; states: State[] } {
  const held = createSession({
    dataDir: mkdtempSync(join(testEnvironment().runDir, 'updates-')),
    baseUrl: `http://127.0.0.1:${proxy.port}`,
    token: session.token ?? '',
    staleAfterMs,
  });
  const states = [held.getState().updates];
  held.onChange(() => {
    const { updates } = held.getState();
    if (updates !== states.at(-1)) states.push(updates);
  });
  return { held, states };
}

const become = async ({ held }: { held: Session }, state: State): Promise<void> => {
  await until(() => held.getState().updates === state, { describe: `updates to be ${state}` });
};

describe('the state of the update stream, as its client shows it', () => {
  it('is connected, resuming from a cut until the stream is open again, and connected', async () => {
    const program = listen();
    await using _ = program.held;
    await become(program, 'connected');
    proxy.cutAll('connection');
    await become(program, 'resuming');
    const refused = proxy.connections;
    await until(() => proxy.connections > refused, { describe: 'another attempt' });
    expect(program.held.getState()).toMatchObject({ state: 'active', updates: 'resuming' });
    proxy.cut = 'nothing';
    await become(program, 'connected');
    expect(program.states).toEqual(['resuming', 'connected', 'resuming', 'connected']);
  });

  it('stays connected while nothing but heartbeats come, turns stale when they cease, and comes back', async () => {
    const program = listen(STALE_AFTER);
    await using _ = program.held;
    await become(program, 'connected');
    const quiet = performance.now() + 1.5 * STALE_AFTER;
    await until(() => performance.now() > quiet, { describe: 'more than the patience to pass' });
    expect(program.states).toEqual(['resuming', 'connected']);
    proxy.cut = 'answer-silently';
    const silent = performance.now();
    await become(program, 'stale');
    expect(performance.now() - silent).toBeGreaterThan(STALE_AFTER - HEARTBEAT * 1000 - 100);
    expect(program.states).toEqual(['resuming', 'connected', 'stale']);
    proxy.cutAll('nothing');
    await become(program, 'connected');
  });

  it('turns stale where the stream was never open', async () => {
    proxy.cutAll('connection');
    const program = listen(500);
    await using _ = program.held;
    expect(program.held.getState().updates).toBe('resuming');
    await become(program, 'stale');
    proxy.cut = 'nothing';
    await become(program, 'connected');
  });
});
