import type { RevocationTrigger, SessionEvent, SessionExpired } from './session.events.js';

/** How a session ended: what anybody who is to be told of it needs, whoever or whatever ended it. */
export interface SessionEnd {
  sessionId: string;
  agentId: string;
  status: 'revoked' | 'expired';
  cause: RevocationTrigger | SessionExpired['cause'];
}

/** The one place that says what ends a session: state, read model and revocation feed ask here. Null for every other event. */
export function sessionEndOf(event: Extract<SessionEvent, { type: 'SessionRevoked' | 'SessionExpired' }>): SessionEnd;
export function sessionEndOf(event: SessionEvent): SessionEnd | null;
export function sessionEndOf(event: SessionEvent): SessionEnd | null {
  switch (event.type) {
    case 'SessionRevoked':
      return { ...subjectOf(event.data), status: 'revoked', cause: event.data.trigger };
    case 'SessionExpired':
      return { ...subjectOf(event.data), status: 'expired', cause: event.data.cause };
    default:
      return null;
  }
}

function subjectOf({ sessionId, agentId }: { sessionId: string; agentId: string }) {
  return { sessionId, agentId };
}
