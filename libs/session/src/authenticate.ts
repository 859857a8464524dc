import type { SessionState } from './session.state.js';

export type TokenStanding =
  | 'current'
  /** The previous generation inside its grace: accepted for calls, not for renewal. */
  | 'previous'
  | 'superseded'
  | 'expired'
  | 'revoked';

/**
 * Where a token of this session stands at `now`.
 *
 * @param previousTokenGrace seconds after a renewal during which the previous token is still accepted; 0 turns it off
 */
export function tokenStanding(
  state: SessionState,
  generation: number,
  now: number,
  previousTokenGrace: number,
): TokenStanding {
  if (state.status === 'revoked') return 'revoked';
  if (state.status === 'expired' || now >= state.expiresAt) return 'expired';
  if (generation === state.generation) return 'current';
  // A clock that stepped back does not stretch the grace: before its own issue nothing counts as a renewal just made.
  const sinceIssue = now - state.issuedAt;
  const inGrace = state.previousTokenAccepted && sinceIssue >= 0 && sinceIssue < previousTokenGrace;
  return generation === state.generation - 1 && inGrace ? 'previous' : 'superseded';
}

export type SessionStatus = 'active' | 'expiring_soon' | 'expired' | 'revoked';
