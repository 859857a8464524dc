import { getEventListeners } from 'node:events';
import { afterEach, expect, it, jest } from '@jest/globals';
import { AsyncInbox } from './consumer/inbox.js';
import { Wake } from './wake.js';

const SLEEPS = 500;
const LONG_MS = 600_000;
const { signal } = new AbortController();

afterEach(() => {
  jest.restoreAllMocks();
});

it('ends at a call, also one that came before the sleep, and at the signal', async () => {
  const wake = new Wake();
  wake.call();
  await wake.sleep(LONG_MS, signal);
  const sleeping = wake.sleep(LONG_MS, signal);
  wake.call();
  await sleeping;
  const stop = new AbortController();
  const stopped = new Wake().sleep(LONG_MS, stop.signal);
  stop.abort();
  await stopped;
});

it('leaves nothing on a signal that lives for weeks, and joins no signals in a loop', async () => {
  const any = jest.spyOn(AbortSignal, 'any');
  const [wake, inbox] = [new Wake(), new AsyncInbox<number>()];
  for (let sleep = 0; sleep < SLEEPS; sleep += 1) {
    const sleeping = wake.sleep(LONG_MS, signal);
    wake.call();
    await sleeping;
    await wake.sleep(0, signal);
    const taking = inbox.take(10, LONG_MS, signal);
    inbox.push(sleep);
    expect(await taking).toEqual([sleep]);
    expect(await inbox.take(10, 0, signal)).toEqual([]);
  }
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  expect(any).not.toHaveBeenCalled();
});
