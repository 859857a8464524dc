import { toRfc3339 } from '../epoch.js';
import type { ExpiryCause, SessionEvent, SessionExpiringSoon } from '../session.events.js';
import { remainingRenewals, type SessionState } from '../session.state.js';
import { endsAt, renewalPossible } from './ends-at.js';
import { unrenewedFrom } from './unrenewed.js';
import {
  EXPIRING_RENEWALS_THRESHOLD,
  EXPIRING_SECONDS_THRESHOLD,
  shouldNotifyExpiringSession,
  type ExpiryThresholds,
} from './should-notify-expiring-session.js';

/** Sessions that live shorter than the time threshold are warned a tenth of their life ahead. */
const SHORT_LIFE_SHARE = 0.1;

/** What the rule reads of a session. */
export type ExpiryState = Pick<
  SessionState,
  'status' | 'createdAt' | 'issuedAt' | 'expiresAt' | 'expiresIn' | 'absoluteExpiresAt' | 'maxRenewals' | 'renewalCount'
>;

/** The longest this session could live, seconds. */
function longestLife(state: ExpiryState): number {
  const byRenewals = state.maxRenewals === null ? Infinity : state.expiresIn * (state.maxRenewals + 1);
  return Math.min(byRenewals, state.absoluteExpiresAt - state.createdAt);
}

/** Seconds before the end at which this session's owner is warned. */
export function warningSeconds(state: ExpiryState, configured = EXPIRING_SECONDS_THRESHOLD): number {
  const life = longestLife(state);
  return life < configured ? Math.floor(life * SHORT_LIFE_SHARE) : configured;
}

export interface ExpiryEvaluation {
  /** Whether the alert's condition holds now, announced or not. */
  holds: boolean;
  causes: ExpiryCause[];
  endsAt: number;
  /** It ends with its token only because nobody is known to renew it. */
  unrenewed: boolean;
}

export interface EvaluateExpiryOptions {
  /** A renewal was just refused by guard 1 or 2. */
  afterRefusal?: boolean;
  /** Whether a holder uses the session: its absence is watched by `SessionRenewalOverdue`. */
  hasHolder?: boolean;
  seconds?: number;
  renewals?: number;
}

/**
 * Evaluates the rule on a session. The renewals leg counts only after a first renewal or a refused one: a session that is
 * born with few renewals is not announced at birth. A session that nobody is known to renew ends with its token.
 */
export function evaluateExpiry(
  state: ExpiryState,
  now: number,
  {
    afterRefusal = false,
    hasHolder = true,
    seconds = EXPIRING_SECONDS_THRESHOLD,
    renewals = EXPIRING_RENEWALS_THRESHOLD,
  }: EvaluateExpiryOptions = {},
): ExpiryEvaluation {
  const unrenewed = now >= unrenewedFrom(state, hasHolder, now, seconds);
  const end = unrenewed ? state.expiresAt : endsAt(state, now);
  const countsRenewals = state.renewalCount > 0 || afterRefusal;
  const thresholds: ExpiryThresholds = {
    remainingRenewals: countsRenewals ? renewals : -1,
    seconds: unrenewed ? seconds : warningSeconds(state, seconds),
  };
  const left = remainingRenewals(state);
  if (state.status !== 'active' || !shouldNotifyExpiringSession(left, end, now, thresholds)) {
    return { holds: false, causes: [], endsAt: end, unrenewed };
  }
  const causes: ExpiryCause[] = [];
  if (left <= thresholds.remainingRenewals) causes.push('renewals');
  if (end - now <= thresholds.seconds) causes.push('lifetime');
  return { holds: true, causes, endsAt: end, unrenewed };
}

/** `SessionExpiringSoon` when the rule first holds; null when it does not hold or was announced already. */
export function announceExpiringSoon(
  state: SessionState,
  now: number,
  trigger: SessionExpiringSoon['trigger'],
  hasHolder = true,
): Extract<SessionEvent, { type: 'SessionExpiringSoon' }> | null {
  if (state.expiringSoonAnnounced) return null;
  const afterRefusal = trigger === 'renewal_refused';
  const { holds, causes, endsAt: end } = evaluateExpiry(state, now, { afterRefusal, hasHolder });
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
export function timeLegAt(state: ExpiryState, now: number, hasHolder = true): number {
  const ahead = warningSeconds(state);
  if (!renewalPossible(state, now)) return Math.max(now, state.expiresAt - ahead);
  const lastRenewal = state.absoluteExpiresAt - state.expiresIn;
  const afterLastRenewal = Math.max(lastRenewal + 1, state.expiresAt - ahead);
  const byRule = Math.min(state.absoluteExpiresAt - ahead, afterLastRenewal);
  return Math.max(now, Math.min(byRule, unrenewedFrom(state, hasHolder, now)));
}
