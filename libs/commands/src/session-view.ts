import type { SessionView } from '#libs/contracts';
import {
  endsAt,
  evaluateExpiry,
  remainingRenewals,
  toRfc3339,
  type SessionState,
  type SessionStatus,
} from '#libs/session';

/** What a session is called at `now` (epoch seconds): a token that has ended ends it, recorded or not. */
export function statusOf(state: SessionState, now: number): SessionStatus {
  if (state.status !== 'active') return state.status;
  if (now >= state.expiresAt) return 'expired';
  const afterRefusal = state.expiringSoonAnnounced;
  return evaluateExpiry(state, now, { afterRefusal }).holds ? 'expiring_soon' : 'active';
}

/** A session as every door shows it. */
export function sessionViewOf(state: SessionState, now: number): SessionView {
  const left = remainingRenewals(state);
  return {
    id: state.sessionId,
    agentId: state.agentId,
    agentName: state.agentName,
    status: statusOf(state, now),
    generation: state.generation,
    expiresIn: state.expiresIn,
    expiresAt: toRfc3339(state.expiresAt),
    absoluteExpiresAt: toRfc3339(state.absoluteExpiresAt),
    renewalCount: state.renewalCount,
    maxRenewals: state.maxRenewals,
    remainingRenewals: Number.isFinite(left) ? left : null,
    renewalRejectWindow: state.renewalRejectWindow,
    constraints: state.constraints,
    endsAt: toRfc3339(endsAt(state, now)),
    reason: state.reason,
    labels: state.labels,
    version: state.version,
    createdAt: toRfc3339(state.createdAt),
  };
}
