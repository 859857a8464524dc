import { OVERDUE_SHARE } from '../renewal-overdue/renewal-overdue.js';
import type { SessionState } from '../session.state.js';
import { renewalPossible } from './ends-at.js';
import { EXPIRING_SECONDS_THRESHOLD } from './should-notify-expiring-session.js';

type Unrenewed = Pick<
  SessionState,
  'issuedAt' | 'expiresAt' | 'expiresIn' | 'absoluteExpiresAt' | 'maxRenewals' | 'renewalCount'
>;

/**
 * From when on a session without holder that nobody ever renewed counts as ending with its token, epoch seconds: `Infinity`
 * for all others. Without this a token that is used as it was issued would die unannounced: its absolute end is weeks away,
 * and `SessionRenewalOverdue` watches only those that somebody was seen to renew or hold. Never before 80 % of the TTL, when
 * a client that does renew has done so.
 */
export function unrenewedFrom(
  state: Unrenewed,
  hasHolder: boolean,
  now: number,
  seconds = EXPIRING_SECONDS_THRESHOLD,
): number {
  if (hasHolder || state.renewalCount > 0) return Infinity;
  const from = Math.max(state.issuedAt + Math.ceil(state.expiresIn * OVERDUE_SHARE), state.expiresAt - seconds);
  return renewalPossible(state, Math.max(now, from)) ? from : Infinity;
}
