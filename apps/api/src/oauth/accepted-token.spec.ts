import { describe, expect, it } from '@jest/globals';
import type { AuthenticatedToken } from '#libs/commands';
import { isAccepted } from './accepted-token.js';

const ISSUED_AT = 1_800_000_000;

function presented(secondsSinceIssue: number, killSwitchActive = false): AuthenticatedToken {
  return {
    standing: 'current',
    token: { claims: { iat: ISSUED_AT, exp: ISSUED_AT + 3_600 } },
    snapshot: { head: { issuedAt: ISSUED_AT }, now: (ISSUED_AT + secondsSinceIssue) * 1000, killSwitchActive },
  } as AuthenticatedToken;
}

describe('introspection', () => {
  it('judges time as every route does: a clock that stepped back makes no token one of the future', () => {
    expect(isAccepted(presented(-2))).toBe(true);
    expect(isAccepted(presented(0))).toBe(true);
    expect(isAccepted(presented(3_600))).toBe(false);
  });

  it('refuses what a route would, and leaves the kill switch to its caller', () => {
    expect(isAccepted(presented(1, true))).toBe(true);
    for (const standing of ['superseded', 'revoked', 'expired'] as const) {
      expect(isAccepted({ ...presented(1), standing })).toBe(false);
    }
  });
});
