import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { SessionSnapshot } from '#libs/ledger';
import { waitForVersion } from './session-at.js';

/** A store whose session gets its next version at every second read, up to a last one. */
function growing(last: number): { reads: number; read: () => Promise<SessionSnapshot> } {
  const store = {
    reads: 0,
    read: () => {
      const version = Math.min(last, 1 + Math.floor(store.reads++ / 2));
      return Promise.resolve({ head: { version } } as SessionSnapshot);
    },
  };
  return store;
}

/** A slow machine must not make a reader give up: its clock stands still unless a test moves it. */
let now: number;
beforeEach(() => {
  now = 0;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => {
  jest.restoreAllMocks();
});

describe('a reader that has heard of a version', () => {
  it('is answered at the first read where the version is there', async () => {
    const store = growing(9);
    expect(await waitForVersion(store.read, 1)).toMatchObject({ stale: false, snapshot: { head: { version: 1 } } });
    expect(store.reads).toBe(1);
  });

  it('waits by itself until the version has come, and reads no further', async () => {
    const store = growing(9);
    expect(await waitForVersion(store.read, 3)).toMatchObject({ stale: false, snapshot: { head: { version: 3 } } });
    expect(store.reads).toBe(5);
  });

  it('gets what there is after 200 ms, and is told that it is stale', async () => {
    const store = growing(2);
    const read = () => {
      now += 49;
      return store.read();
    };
    expect(await waitForVersion(read, 3)).toMatchObject({ stale: true, snapshot: { head: { version: 2 } } });
    // The first one to end at 200 ms or later is the fifth.
    expect(store.reads).toBe(5);
  });
});
