import { renewalPossible } from '../expiry-rule/ends-at.js';
import type { SessionEvent } from '../session.events.js';
import type { SessionState } from '../session.state.js';

/** Share of the TTL after which a renewal that did not come is overdue (the holder renews at 60 %). */
export const OVERDUE_SHARE = 0.8;

/** When a renewal of the current token becomes overdue, epoch seconds. */
export function overdueAt(state: SessionState): number {
  return state.issuedAt + Math.ceil(state.expiresIn * OVERDUE_SHARE);
}

/** Whether this session's renewal is watched: someone was seen to renew it, or holds it, and it still can be renewed. */
export function watchesRenewal(state: SessionState, hasHolder: boolean, now: number): boolean {
  return (
    state.status === 'active' &&
    (hasHolder || state.renewalCount > 0) &&
    state.overdueGeneration !== state.generation &&
    renewalPossible(state, now)
  );
}

export function announceOverdue(state: SessionState, hasHolder: boolean, now: number): SessionEvent | null {
  if (!watchesRenewal(state, hasHolder, now) || now < overdueAt(state)) return null;
  const { sessionId, agentId, agentName, generation } = state;
  return { type: 'SessionRenewalOverdue', data: { sessionId, agentId, agentName, generation } };
}
