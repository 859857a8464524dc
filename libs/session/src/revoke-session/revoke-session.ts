import type { RevocationTrigger, SessionEvent } from '../session.events.js';
import type { SessionState } from '../session.state.js';

export interface RevokeSession {
  /** Database time, epoch seconds. */
  now: number;
  /** As the caller says; else derived from the reject window. */
  trigger?: RevocationTrigger;
  reason?: string;
}

/** A revocation within the reject window after a renewal rejects that renewal. */
export function revocationTrigger(state: SessionState, now: number): RevocationTrigger {
  return state.rejectWindowEndsAt !== null && now < state.rejectWindowEndsAt ? 'renewal_rejected' : 'manual_revoke';
}

/** `SessionRevoked`, or null when the session has ended already: revoking twice is no error and no second fact. */
export function revokeSession(state: SessionState, command: RevokeSession): SessionEvent | null {
  if (state.status !== 'active') return null;
  const { sessionId, agentId, agentName } = state;
  return {
    type: 'SessionRevoked',
    data: {
      sessionId,
      agentId,
      agentName,
      trigger: command.trigger ?? revocationTrigger(state, command.now),
      ...(command.reason !== undefined && { reason: command.reason }),
    },
  };
}
