import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  EXPIRING_RENEWALS_THRESHOLD,
  EXPIRING_SECONDS_THRESHOLD,
  shouldNotifyExpiringSession,
} from './should-notify-expiring-session.js';

const NOW = 1_800_000_000;

describe('shouldNotifyExpiringSession', () => {
  it.each([
    [3, NOW + 10_000_000, true],
    [4, NOW + 10_000_000, false],
    [Infinity, NOW + 86_400, true],
    [Infinity, NOW + 86_401, false],
    [0, NOW - 1, true],
    [4, NOW + 86_401, false],
  ])('with %s renewals left and the end at %s it says %s', (left, end, expected) => {
    expect(shouldNotifyExpiringSession(left, end, NOW)).toBe(expected);
  });

  it('is the OR of its two legs, exact at both thresholds', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: 0, max: 10 }), fc.constant(Infinity)),
        fc.integer({ min: -1000, max: 200_000 }),
        (left, remaining) => {
          const byRenewals = left <= EXPIRING_RENEWALS_THRESHOLD;
          const byTime = remaining <= EXPIRING_SECONDS_THRESHOLD;
          expect(shouldNotifyExpiringSession(left, NOW + remaining, NOW)).toBe(byRenewals || byTime);
        },
      ),
    );
  });

  it('never takes back a warning as time passes or renewals are used', () => {
    fc.assert(
      fc.property(fc.nat(10), fc.nat(200_000), fc.nat(200_000), fc.nat(3), (left, remaining, later, used) => {
        fc.pre(shouldNotifyExpiringSession(left, NOW + remaining, NOW));
        expect(shouldNotifyExpiringSession(Math.max(0, left - used), NOW + remaining, NOW + later)).toBe(true);
      }),
    );
  });

  it('takes configured thresholds as a fourth argument', () => {
    expect(shouldNotifyExpiringSession(5, NOW + 100, NOW, { remainingRenewals: 5, seconds: 10 })).toBe(true);
    expect(shouldNotifyExpiringSession(6, NOW + 10, NOW, { remainingRenewals: 5, seconds: 10 })).toBe(true);
    expect(shouldNotifyExpiringSession(6, NOW + 11, NOW, { remainingRenewals: 5, seconds: 10 })).toBe(false);
  });
});
