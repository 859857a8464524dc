import type { TokenGrant } from '../grant.js';
import { nextGrant } from '../renew-session/renew-session.js';
import { sessionTime, type SessionState } from '../session.state.js';

/**
 * The owner's rotation: a new token at once, not counted as a renewal, no grace for the old one. The new token lives the
 * session's TTL, or up to the absolute end where that comes first. Null when the session has ended. A clock that stepped back
 * does not make a token that is older than its predecessor.
 */
export function rotateSession(state: SessionState, now: number): TokenGrant | null {
  if (state.status !== 'active' || now >= state.expiresAt) return null;
  const issuedAt = sessionTime(state, now);
  return nextGrant(state, issuedAt, Math.min(issuedAt + state.expiresIn, state.absoluteExpiresAt));
}
