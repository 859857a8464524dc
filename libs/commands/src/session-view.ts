import type { SessionView } from '#libs/contracts';
import type { SessionSnapshot } from '#libs/ledger';
import {
  endsAt,
  evaluateExpiry,
  remainingRenewals,
  toRfc3339,
  type SessionState,
  type SessionStatus,
} from '#libs/session';
import { secondsOf } from './new-events.js';

/** What a session is called at `now` (epoch seconds): a token that has ended ends it, recorded or not. */
function statusOf(state: SessionState, now: number, isExpiringSoon: boolean): SessionStatus {
  if (state.status !== 'active') return state.status;
  if (now >= state.expiresAt) return 'expired';
  return isExpiringSoon ? 'expiring_soon' : 'active';
}

/** A session as it was read. */
export function snapshotViewOf({ head, holderIds, now }: SessionSnapshot): SessionView {
  return sessionViewOf(head, secondsOf(now), holderIds.length > 0);
}

/**
 * A session as every door shows it. `now` is epoch seconds. `hasHolder`: whether a holder uses it; a session that nobody
 * holds or renews ends with its token.
 */
export function sessionViewOf(state: SessionState, now: number, hasHolder = true): SessionView {
  const left = remainingRenewals(state);
  const expiringSoon = expiringSoonOf(state, now, hasHolder);
  return {
    id: state.sessionId,
    agentId: state.agentId,
    agentName: state.agentName,
    status: statusOf(state, now, expiringSoon !== null),
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
    expiringSoon,
    reason: state.reason,
    labels: state.labels,
    version: state.version,
    createdAt: toRfc3339(state.createdAt),
  };
}

/** Why and when it ends, while the alert's condition holds. */
function expiringSoonOf(state: SessionState, now: number, hasHolder: boolean): SessionView['expiringSoon'] {
  if (now >= state.expiresAt) return null;
  const afterRefusal = state.expiringSoonAnnounced;
  const expiry = evaluateExpiry(state, now, { afterRefusal, hasHolder });
  if (!expiry.holds) return null;
  const causes = expiry.causes.map((cause) => (cause === 'lifetime' && expiry.unrenewed ? 'unrenewed' : cause));
  return { causes, endsAt: toRfc3339(expiry.endsAt) };
}
