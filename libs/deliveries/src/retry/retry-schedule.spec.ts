import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { nextAttemptAt } from './retry-schedule.js';

const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;

describe('the retry schedule', () => {
  it('spreads over 5 s, 30 s, 2 min, 10 min, 30 min and then an hour', () => {
    const longest = [1, 2, 3, 4, 5, 6, 7, 40].map(
      (attempts) => nextAttemptAt({ attempts, now: NOW, deadline: NOW + 1000 * HOUR, random: 0.999999 })! - NOW,
    );
    expect(longest.map((ms) => Math.round(ms / 1000))).toEqual([5, 30, 120, 600, 1800, 3600, 3600, 3600]);
  });

  it('has full jitter: ten thousand failures of one second come back evenly over the step', () => {
    const buckets = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i++) {
      const at = nextAttemptAt({ attempts: 3, now: NOW, deadline: NOW + 1000 * HOUR, random: Math.random() })!;
      buckets[Math.min(9, Math.floor((at - NOW) / 12_000))]!++;
    }
    expect(Math.max(...buckets)).toBeLessThan(1300);
  });

  it('waits as long as the far side asks, and no longer than there is time', () => {
    const input = { attempts: 1, now: NOW, deadline: NOW + HOUR, random: 0.5 };
    expect(nextAttemptAt({ ...input, retryAfter: 7 })).toBe(NOW + 7000);
    expect(nextAttemptAt({ ...input, retryAfter: 1e9 })).toBe(NOW + HOUR / 2);
  });

  it('never plans an attempt at or after the deadline', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: -1000, max: 100 * HOUR }),
        fc.option(fc.integer({ min: 0, max: 2_000_000 }), { nil: undefined }),
        fc.double({ min: 0, max: 0.999999, noNaN: true }),
        (attempts, left, retryAfter, random) => {
          const at = nextAttemptAt({ attempts, now: NOW, deadline: NOW + left, retryAfter, random });
          if (at !== null) expect(at).toBeLessThan(NOW + left);
        },
      ),
    );
  });

  it('tells somebody whenever the channel works again a minute before the deadline, whatever the outage', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 61_000, max: 100 * HOUR }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.array(fc.double({ min: 0, max: 0.999999, noNaN: true }), { minLength: 40, maxLength: 40 }),
        (budget, outageShare, randoms) => {
          const deadline = NOW + budget;
          const upFrom = NOW + outageShare * (budget - 60_000);
          let at: number | null = NOW;
          for (let attempts = 1; at !== null && at < upFrom; attempts++) {
            at = nextAttemptAt({ attempts, now: at, deadline, random: randoms[attempts % 40]! });
          }
          expect(at).not.toBeNull();
          expect(at).toBeLessThan(deadline);
        },
      ),
    );
  });
});
