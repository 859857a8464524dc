import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { recoveryDelay, renewalTime, TICK } from './schedule.js';

const unit = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

describe('the schedule', () => {
  it('renews between 55 and 65 % of any TTL, so never before 50 %, nor before the whole second that allows it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 7_776_000 }), unit, (ttl, random) => {
        const after =
          renewalTime({ iat: 1_700_000_000, exp: 1_700_000_000 + ttl }, () => random) / 1000 - 1_700_000_000;
        expect(after).toBeGreaterThanOrEqual(Math.ceil(ttl / 2));
        expect(after / ttl).toBeGreaterThanOrEqual(0.5499);
        expect(after).toBeLessThanOrEqual(Math.max(ttl * 0.6501, Math.ceil(ttl / 2)));
      }),
    );
  });

  it('recovers every 60 s, give or take 30 %', () => {
    fc.assert(
      fc.property(unit, (random) => {
        const delay = recoveryDelay(() => random);
        expect(delay).toBeGreaterThanOrEqual(42_000);
        expect(delay).toBeLessThanOrEqual(78_000);
      }),
    );
  });

  it('never sets a timer that overflows: the longest is a tick', () => {
    expect(TICK).toBeLessThan(2 ** 31 - 1);
  });
});
