import { toRfc3339 } from '../epoch.js';
import { type ExpiryCause, type SessionEvent, type SessionExpiringSoon } from '../session.events.js';
import { remainingRenewals, type SessionState } from '../session.state.js';
import { endsAt, renewalPossible } from './ends-at.js';
import {
  EXPIRING_RENEWALS_THRESHOLD,
  EXPIRING_SECONDS_THRESHOLD,
  shouldNotifyExpiringSession,
  type ExpiryThresholds,
} from './should-notify-expiring-session.js';

/** Sessions that live shorter than the time threshold are warned a tenth of their life ahead. */
const SHORT_LIFE_SHARE = 0.1;

/** The longest this session could live, seconds. */
function longestLife(state: SessionState): number {
  const byRenewals = state.maxRenewals === null ? Infinity : state.expiresIn * (state.maxRenewals + 1);
  return Math.min(byRenewals, state.absoluteExpiresAt - state.createdAt);
}

/** Seconds before the end at which this session's owner is warned. */
export function warningSeconds(state: SessionState, configured = EXPIRING_SECONDS_THRESHOLD): number {
  const life = longestLife(state);
  return life < configured ? Math.floor(life * SHORT_LIFE_SHARE) : configured;
}

export interface ExpiryEvaluation {
  /** Whether the alert's condition holds now, announced or not. */
  holds: boolean;
  causes: ExpiryCause[];
  endsAt: number;
}

/**
 * Evaluates the rule on a session. The renewals leg counts only after a first renewal or a refused one: a session that is
 * born with few renewals is not announced at birth.
 */
export function evaluateExpiry(
  state: SessionState,
  now: number,
  { afterRefusal = false, seconds = EXPIRING_SECONDS_THRESHOLD, renewals = EXPIRING_RENEWALS_THRESHOLD } = {},
): ExpiryEvaluation {
  const end = endsAt(state, now);
  const countsRenewals = state.renewalCount > 0 || afterRefusal;
  const thresholds: ExpiryThresholds = {
    remainingRenewals: countsRenewals ? renewals : -1,
    seconds: warningSeconds(state, seconds),
  };
  const left = remainingRenewals(state);
  if (state.status !== 'active' || !shouldNotifyExpiringSession(left, end, now, thresholds)) {
    return { holds: false, causes: [], endsAt: end };
  }
  const causes: ExpiryCause[] = [];
  if (left <= thresholds.remainingRenewals) causes.push('renewals');
  if (end - now <= thresholds.seconds) causes.push('lifetime');
  return { holds: true, causes, endsAt: end };
}

/** `SessionExpiringSoon` when the rule first holds; null when it does not hold or was announced already. */
export function announceExpiringSoon(
  state: SessionState,
  now: number,
  trigger: SessionExpiringSoon['trigger'],
): Extract<SessionEvent, { type: 'SessionExpiringSoon' }> | null {
  if (state.expiringSoonAnnounced) return null;
  const { holds, causes, endsAt: end } = evaluateExpiry(state, now, { afterRefusal: trigger === 'renewal_refused' });
  if (!holds) return null;
  const left = remainingRenewals(state);
  return {
    type: 'SessionExpiringSoon',
    data: {
      sessionId: state.sessionId,
      agentId: state.agentId,
      agentName: state.agentName,
      causes,
      remainingRenewals: Number.isFinite(left) ? left : null,
      endsAt: toRfc3339(end),
      trigger,
    },
  };
}

/** The first second, not before `now`, at which the time leg of the rule holds while nothing else happens. */
export function timeLegAt(state: SessionState, now: number): number {
  const ahead = warningSeconds(state);
  if (!renewalPossible(state, now)) return Math.max(now, state.expiresAt - ahead);
  const lastRenewal = state.absoluteExpiresAt - state.expiresIn;
  const afterLastRenewal = Math.max(lastRenewal + 1, state.expiresAt - ahead);
  return Math.max(now, Math.min(state.absoluteExpiresAt - ahead, afterLastRenewal));
}
