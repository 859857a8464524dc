import type { SessionEvent } from '../session.events.js';
import type { SessionState } from '../session.state.js';

/** `SessionExpired` once the current token is past its end; null before that, or when the session has ended already. */
export function expireSession(state: SessionState, now: number): SessionEvent | null {
  if (state.status !== 'active' || now < state.expiresAt) return null;
  const { sessionId, agentId, agentName } = state;
  const cause = state.expiresAt >= state.absoluteExpiresAt ? 'absolute_lifetime' : 'token_ttl';
  return { type: 'SessionExpired', data: { sessionId, agentId, agentName, cause } };
}
