import { toRfc3339 } from '../epoch.js';
import { earliestRenewalAt } from '../expiry-rule/ends-at.js';
import type { TokenGrant } from '../grant.js';
import type { RenewalCause, SessionEvent, TokenTexts } from '../session.events.js';
import { remainingRenewals, sessionTime, type SessionState } from '../session.state.js';

export interface RenewSession {
  /** Generation of the token that was presented. */
  generation: number;
  /** Whether the session has holders. */
  hasHolders: boolean;
  /** The holder that proved itself with an assertion. */
  holderId?: string;
  /** Database time, epoch seconds. */
  now: number;
}

export type RenewalRefusal =
  | { code: 'RENEWAL_CONFLICT'; currentGeneration: number }
  | { code: 'SESSION_NOT_ACTIVE'; status: SessionState['status'] }
  | { code: 'HOLDER_REQUIRED' }
  | { code: 'RENEWAL_LIMIT_REACHED' }
  | { code: 'SESSION_ABSOLUTE_LIFETIME_EXCEEDED' }
  | { code: 'RENEWAL_TOO_EARLY'; /** seconds */ retryAfter: number };

export type RenewalDecision = { granted: TokenGrant } | { refused: RenewalRefusal };

/** The guards in their order. A grant is not yet a fact: it becomes one when `sessionRenewed` is appended. */
export function renewSession(state: SessionState, command: RenewSession): RenewalDecision {
  const now = sessionTime(state, command.now);
  if (state.status !== 'active' || now >= state.expiresAt) {
    return { refused: { code: 'SESSION_NOT_ACTIVE', status: state.status === 'active' ? 'expired' : state.status } };
  }
  if (command.generation !== state.generation) {
    return { refused: { code: 'RENEWAL_CONFLICT', currentGeneration: state.generation } };
  }
  if (command.hasHolders && command.holderId === undefined) return { refused: { code: 'HOLDER_REQUIRED' } };
  if (remainingRenewals(state) === 0) return { refused: { code: 'RENEWAL_LIMIT_REACHED' } };
  if (now + state.expiresIn > state.absoluteExpiresAt) {
    return { refused: { code: 'SESSION_ABSOLUTE_LIFETIME_EXCEEDED' } };
  }
  const earliest = earliestRenewalAt(state);
  if (now < earliest) return { refused: { code: 'RENEWAL_TOO_EARLY', retryAfter: earliest - now } };
  return { granted: nextGrant(state, now, now + state.expiresIn) };
}

/** The next generation of a session's token. */
export function nextGrant(state: SessionState, issuedAt: number, expiresAt: number): TokenGrant {
  return {
    sessionId: state.sessionId,
    agentId: state.agentId,
    generation: state.generation + 1,
    issuedAt,
    expiresAt,
    ...(state.constraints.allowedOperations && { allowedOperations: state.constraints.allowedOperations }),
  };
}

export function sessionRenewed(
  state: SessionState,
  grant: TokenGrant,
  token: TokenTexts,
  { cause, holderId }: { cause: RenewalCause; holderId?: string },
): SessionEvent {
  const renewalCount = state.renewalCount + (cause === 'renewal' ? 1 : 0);
  const left = remainingRenewals({ maxRenewals: state.maxRenewals, renewalCount });
  return {
    type: 'SessionRenewed',
    data: {
      sessionId: state.sessionId,
      agentId: state.agentId,
      agentName: state.agentName,
      generation: grant.generation,
      cause,
      ...token,
      issuedAt: toRfc3339(grant.issuedAt),
      expiresAt: toRfc3339(grant.expiresAt),
      renewalCount,
      remainingRenewals: Number.isFinite(left) ? left : null,
      rejectWindowEndsAt: toRfc3339(grant.issuedAt + state.renewalRejectWindow),
      ...(holderId !== undefined && { holderId }),
    },
  };
}
