import { domainEventOf, type CloudEvent } from '#libs/contracts';
import { isSessionEvent, sessionEndOf, type SessionEvent } from '#libs/session';

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

/** What a batch changes of a session's row. */
export interface TokenChange {
  /** The batch has the session's creation: no field is missing. */
  isNew: boolean;
  /** Null stays as it is. */
  fields: { [F in keyof CurrentToken]: CurrentToken[F] | null };
}

export function noChange(sessionId: string): TokenChange {
  return {
    isNew: false,
    fields: {
      sessionId,
      agentId: null,
      agentName: null,
      status: null,
      generation: null,
      tokenHash: null,
      issuedAt: null,
      expiresAt: null,
      absoluteExpiresAt: null,
      renewalCount: null,
      maxRenewals: null,
      endedBy: null,
      version: null,
      changedAt: null,
      changedPosition: null,
    },
  };
}

/** Folds one more event of the session into the change, in place: a batch has thousands. Needs nothing of the row itself. */
export function addToChange(change: TokenChange, event: SessionEvent, envelope: CloudEvent): void {
  const { fields } = change;
  fields.version = envelope.streamversion;
  switch (event.type) {
    case 'SessionCreated':
      change.isNew = true;
      create(fields, event);
      break;
    case 'SessionRenewed':
      fields.generation = event.data.generation;
      fields.tokenHash = event.data.tokenHash;
      fields.issuedAt = event.data.issuedAt;
      fields.expiresAt = event.data.expiresAt;
      fields.renewalCount = event.data.renewalCount;
      break;
    default: {
      const end = sessionEndOf(event);
      if (end === null) return;
      fields.status = end.status;
      fields.endedBy = end.cause;
    }
  }
  fields.changedAt = envelope.time;
  fields.changedPosition = envelope.position;
}

function create(fields: TokenChange['fields'], { data }: Extract<SessionEvent, { type: 'SessionCreated' }>): void {
  fields.agentId = data.agentId;
  fields.agentName = data.agentName;
  fields.status = 'active';
  fields.generation = 0;
  fields.tokenHash = data.tokenHash;
  fields.issuedAt = data.issuedAt;
  fields.expiresAt = data.expiresAt;
  fields.absoluteExpiresAt = data.absoluteExpiresAt;
  fields.renewalCount = 0;
  fields.maxRenewals = data.maxRenewals;
}
