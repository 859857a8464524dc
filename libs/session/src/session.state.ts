import { toEpochSeconds } from './epoch.js';
import { sessionEndOf } from './session-end.js';
import type { SessionConstraints, SessionCreated, SessionEvent } from './session.events.js';

/** What a session is now: the fold of its events, and the row that every authentication reads. Times are epoch seconds. */
export interface SessionState {
  sessionId: string;
  agentId: string;
  agentName: string;
  status: 'active' | 'revoked' | 'expired';
  /** Number of events in the session's stream. */
  version: number;
  generation: number;
  tokenHeader: string;
  tokenPayload: string;
  tokenHash: string;
  /** TTL of every token of this session, seconds. */
  expiresIn: number;
  issuedAt: number;
  expiresAt: number;
  absoluteExpiresAt: number;
  maxRenewals: number | null;
  renewalCount: number;
  renewalRejectWindow: number;
  /** Null before the first renewal, and after a rotation by the owner. */
  rejectWindowEndsAt: number | null;
  /** Whether the previous generation may still be accepted for the grace: never after a rotation by the owner. */
  previousTokenAccepted: boolean;
  constraints: SessionConstraints;
  reason: string | null;
  labels: Record<string, string>;
  createdAt: number;
  /** Whether `SessionExpiringSoon` is in the stream. */
  expiringSoonAnnounced: boolean;
  /** Generation for which `SessionRenewalOverdue` was raised and not yet withdrawn by a renewal. */
  overdueGeneration: number | null;
}

/** Folds one event. The first event of a stream is `SessionCreated`; anything else before it is a corrupt stream. */
export function evolve(state: SessionState | null, event: SessionEvent): SessionState {
  if (event.type === 'SessionCreated') {
    if (state !== null) throw new Error(`session ${state.sessionId} is created twice in its stream`);
    return created(event.data);
  }
  if (state === null) throw new Error(`stream of session ${event.data.sessionId} begins with ${event.type}`);
  const next = { ...state, version: state.version + 1 };
  switch (event.type) {
    case 'SessionRenewed':
      return {
        ...next,
        generation: event.data.generation,
        tokenHeader: event.data.tokenHeader,
        tokenPayload: event.data.tokenPayload,
        tokenHash: event.data.tokenHash,
        issuedAt: toEpochSeconds(event.data.issuedAt),
        expiresAt: toEpochSeconds(event.data.expiresAt),
        renewalCount: event.data.renewalCount,
        // The owner's own rotation is no renewal that could be rejected.
        rejectWindowEndsAt: event.data.cause === 'renewal' ? toEpochSeconds(event.data.rejectWindowEndsAt) : null,
        previousTokenAccepted: event.data.cause === 'renewal',
        overdueGeneration: null,
      };
    case 'SessionExpiringSoon':
      return { ...next, expiringSoonAnnounced: true };
    case 'SessionRevoked':
    case 'SessionExpired':
      return { ...next, status: sessionEndOf(event).status };
    case 'SessionRenewalOverdue':
      return { ...next, overdueGeneration: event.data.generation };
    case 'TokenHandedOver':
    case 'TokenReuseDetected':
    case 'UnprovenRenewalRefused':
      return next;
  }
}

function created(data: SessionCreated): SessionState {
  return {
    sessionId: data.sessionId,
    agentId: data.agentId,
    agentName: data.agentName,
    status: 'active',
    version: 1,
    generation: 0,
    tokenHeader: data.tokenHeader,
    tokenPayload: data.tokenPayload,
    tokenHash: data.tokenHash,
    expiresIn: data.expiresIn,
    issuedAt: toEpochSeconds(data.issuedAt),
    expiresAt: toEpochSeconds(data.expiresAt),
    absoluteExpiresAt: toEpochSeconds(data.absoluteExpiresAt),
    maxRenewals: data.maxRenewals,
    renewalCount: 0,
    renewalRejectWindow: data.renewalRejectWindow,
    rejectWindowEndsAt: null,
    previousTokenAccepted: false,
    constraints: data.constraints,
    reason: data.reason ?? null,
    labels: data.labels ?? {},
    createdAt: toEpochSeconds(data.issuedAt),
    expiringSoonAnnounced: false,
    overdueGeneration: null,
  };
}

/** Time as this session counts it: a database clock that stepped back stands still until it has caught up. */
export function sessionTime(state: Pick<SessionState, 'issuedAt'>, now: number): number {
  return Math.max(now, state.issuedAt);
}

/** Renewals that are left; `Infinity` when unlimited. */
export function remainingRenewals(state: Pick<SessionState, 'maxRenewals' | 'renewalCount'>): number {
  return state.maxRenewals === null ? Infinity : Math.max(0, state.maxRenewals - state.renewalCount);
}
