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

/** The states that come while heartbeats do, for longer than the patience. */
async function changesOf(program: { held: Session; states: State[] }): Promise<State[]> {
  for (;;) {
    const began = performance.now();
    await until(() => proxy.passedAt > began, { describe: 'a heartbeat' });
    await become(program, 'connected');
    const known = program.states.length;
    const end = performance.now() + 1.5 * STALE_AFTER;
    let last = performance.now();
    let longest = 0;
    const isOver = () => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      return (last = now) > end;
    };
    await until(isOver, { describe: 'more than the patience to pass' });
    // Where all of this process stood still no heartbeat could come: then once more.
    if (longest < STALE_AFTER / 2) return program.states.slice(known);
  }
}

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
    expect(await changesOf(program)).toEqual([]);
    const known = program.states.length;
    proxy.cut = 'answer-silently';
    await become(program, 'stale');
    expect(performance.now() - proxy.passedAt).toBeGreaterThan(STALE_AFTER - HEARTBEAT * 1000);
    expect(program.states.slice(known)).toEqual(['stale']);
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
