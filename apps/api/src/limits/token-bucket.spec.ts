import { describe, expect, it } from '@jest/globals';
import { TokenBuckets } from './token-bucket.js';

describe('TokenBuckets', () => {
  it('lets a burst pass, then the rate', () => {
    let now = 0;
    const buckets = new TokenBuckets(10, 3, () => now);
    expect([1, 2, 3, 4].map(() => buckets.take('a').ok)).toEqual([true, true, true, false]);
    now = 99;
    expect(buckets.take('a').ok).toBe(false);
    now = 100;
    expect(buckets.take('a')).toEqual({ ok: true, remaining: 0, resetSeconds: 1 });
    now = 100_000;
    expect(buckets.take('a')).toEqual({ ok: true, remaining: 2, resetSeconds: 1 });
  });

  it('keeps one key from another', () => {
    const buckets = new TokenBuckets(1, 1, () => 0);
    expect([buckets.take('a').ok, buckets.take('a').ok, buckets.take('b').ok]).toEqual([true, false, true]);
  });

  it('says when to come again', () => {
    const buckets = new TokenBuckets(0.5, 1, () => 0);
    buckets.take('a');
    expect(buckets.take('a')).toEqual({ ok: false, remaining: 0, resetSeconds: 2 });
  });

  it('never lets more pass than burst plus rate, whatever the rhythm', () => {
    let now = 0;
    const buckets = new TokenBuckets(50, 20, () => now);
    let passed = 0;
    for (let call = 0; call < 10_000; call++) {
      now += (call * 7919) % 13;
      if (buckets.take('a').ok) passed++;
    }
    expect(passed).toBeLessThanOrEqual(20 + (now / 1000) * 50 + 1);
    expect(passed).toBeGreaterThan((now / 1000) * 50 * 0.9);
  });
});
