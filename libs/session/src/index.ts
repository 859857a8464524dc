export * from './session.events.js';
export { evolve, remainingRenewals, sessionTime, type SessionState } from './session.state.js';
export { sessionEndOf, type SessionEnd } from './session-end.js';
export { toEpochSeconds, toRfc3339 } from './epoch.js';
export { tokenStanding, type SessionStatus, type TokenStanding } from './authenticate.js';
export { dueAt } from './due-at.js';
export { type TokenGrant } from './grant.js';
export {
  EXPIRING_RENEWALS_THRESHOLD,
  EXPIRING_SECONDS_THRESHOLD,
  shouldNotifyExpiringSession,
  type ExpiryThresholds,
} from './expiry-rule/should-notify-expiring-session.js';
export { EARLIEST_RENEWAL_SHARE, earliestRenewalAt, endsAt, renewalPossible } from './expiry-rule/ends-at.js';
export {
  announceExpiringSoon,
  evaluateExpiry,
  timeLegAt,
  warningSeconds,
  type EvaluateExpiryOptions,
  type ExpiryEvaluation,
  type ExpiryState,
} from './expiry-rule/expiring-soon.js';
export { decideReminder, type ReminderDecision } from './expiry-rule/reminder.js';
export { OVERDUE_SHARE, announceOverdue, overdueAt } from './renewal-overdue/renewal-overdue.js';
export { grantFirstToken, sessionCreated, type CreateSession } from './create-session/create-session.js';
export {
  renewSession,
  sessionRenewed,
  type RenewalDecision,
  type RenewalRefusal,
  type RenewSession,
} from './renew-session/renew-session.js';
export { rotateSession } from './rotate-session/rotate-session.js';
export { revocationTrigger, revokeSession, type RevokeSession } from './revoke-session/revoke-session.js';
export { expireSession } from './expire-session/expire-session.js';
