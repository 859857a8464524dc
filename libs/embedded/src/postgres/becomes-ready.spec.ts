import { expect, it } from '@jest/globals';
import { becomesReady } from './becomes-ready.js';

/** The time is over from the beginning. */
async function outcome(...said: (string | null)[]) {
  let slow = 0;
  const isReady = await becomesReady(() => said.shift() ?? null, { silenceMs: 0, slowMs: 0, onSlow: () => slow++ });
  return { isReady, slow };
}

it('waits for a server that replays its log as long as it takes, and tells it once', async () => {
  expect(await outcome('starting', 'starting', 'starting', 'ready')).toEqual({ isReady: true, slow: 1 });
});

it('gives up one that ends meanwhile', async () => {
  expect(await outcome('starting', 'starting', 'ended')).toEqual({ isReady: false, slow: 1 });
});

it('gives up one that says nothing in time', async () => {
  expect(await outcome(null, 'ready')).toEqual({ isReady: false, slow: 0 });
});
