import { domainEventOf, type CloudEvent } from '#libs/contracts';
import { isSessionEvent, type SessionEvent } from '#libs/session';

/** What token of a session is current. Times are RFC 3339. */
export interface CurrentToken {
  sessionId: string;
  agentId: string;
  agentName: string;
  status: 'active' | 'revoked' | 'expired';
  generation: number;
  /** SHA-256 of the compact JWT, lower-case hex. */
  tokenHash: string;
  issuedAt: string;
  expiresAt: string;
  absoluteExpiresAt: string;
  renewalCount: number;
  maxRenewals: number | null;
  /** Trigger of the revocation or cause of the expiry; null while active. */
  endedBy: string | null;
  /** Events in the session's stream. */
  version: number;
  changedAt: string;
  /** Position of the last event that changed this row. */
  changedPosition: number;
}

/** The session event in an envelope; null for other streams' events. Throws UnknownEvent when this code is too old for it. */
export function sessionEventOf(envelope: CloudEvent): SessionEvent | null {
  const event = domainEventOf(envelope);
  if (event === null) throw new Error(`event type ${envelope.type} is unknown; start the newer release`);
  return isSessionEvent(event) ? event : null;
}

/** Folds one event into the row. */
export function evolveCurrentToken(
  row: CurrentToken | null,
  event: SessionEvent,
  { position, streamversion, time }: CloudEvent,
): CurrentToken {
  const changed = { version: streamversion, changedAt: time, changedPosition: position };
  if (event.type === 'SessionCreated') return { ...created(event), ...changed };
  if (row === null)
    throw new Error(`session ${event.data.sessionId} begins with ${event.type} at position ${position}`);
  switch (event.type) {
    case 'SessionRenewed': {
      const { generation, tokenHash, issuedAt, expiresAt, renewalCount } = event.data;
      return { ...row, ...changed, generation, tokenHash, issuedAt, expiresAt, renewalCount };
    }
    case 'SessionRevoked':
      return { ...row, ...changed, status: 'revoked', endedBy: event.data.trigger };
    case 'SessionExpired':
      return { ...row, ...changed, status: 'expired', endedBy: event.data.cause };
    default:
      return { ...row, version: streamversion };
  }
}

function created({ data }: Extract<SessionEvent, { type: 'SessionCreated' }>) {
  const { sessionId, agentId, agentName, tokenHash, issuedAt, expiresAt, absoluteExpiresAt, maxRenewals } = data;
  return {
    sessionId,
    agentId,
    agentName,
    status: 'active' as const,
    generation: 0,
    tokenHash,
    issuedAt,
    expiresAt,
    absoluteExpiresAt,
    renewalCount: 0,
    maxRenewals,
    endedBy: null,
  };
}
