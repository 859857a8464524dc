export { levelName, levelNumber } from './alert-levels.js';
export {
  type Channel,
  type ChannelChanges,
  type ChannelSecrets,
  type EmailConfig,
  type NewChannel,
  type TelegramConfig,
  type WebhookConfig,
  type WrittenChannel,
} from './channels/channel.js';
export { rotated, secretsOf, type SecretsWish } from './channels/channel-secrets.js';
export { Channels } from './channels/channels.js';
export { type Author, LEDGER_ITSELF } from './record-change.js';
export { newWebhookSecret } from './channels/webhook-secret.js';
export { literalOf, TargetPolicy } from './channels/target-policy.js';
export { CheckpointMissing, Intake, PositionGap, type IntakeResult } from './notifications/intake.js';
export { raiseTrouble, type ChannelTrouble } from './notifications/raise-trouble.js';
export { type MissedAlerts } from './notifications/tell-missed.js';
export { type Stage } from './notifications/record-notification.js';
export { sendCheckpoints } from './notifications/send-checkpoints.js';
export { sendCanaries, sendTest } from './notifications/send-test.js';
export { whyNotified } from './notifications/why.js';
export { Deliveries, type DeliveriesFilter, type PageRequest } from './deliveries/deliveries.js';
export { stopUnusable } from './claims/channel-health.js';
export { claimMessages, type Claim, type ClaimOptions } from './claims/claim-messages.js';
export {
  FAILURE_REASONS,
  type ClaimedMessage,
  type FailureReason,
  type Member,
  type Outcome,
} from './claims/claimed-message.js';
export { completeAttempts, type AttemptResult, type Completion } from './claims/complete-attempts.js';
export { followClockBack } from './claims/clock-set-back.js';
export { dropLeftovers } from './claims/drop-leftovers.js';
export { dueStatement, isProbeDue } from './claims/due-rows.js';
export { renewLeases } from './claims/leases.js';
export {
  claimableChannel,
  claimableChannels,
  expireDeliveries,
  pauseGate,
  takeTokens,
  type ClaimableChannel,
} from './claims/due-channels.js';
export { dueReminders, forgetReminder, remindOf, type DueReminder } from './notifications/reminders.js';
export { expiringNow } from './notifications/expiring-now.js';
export { Silences, type NewSilence } from './silences/silences.js';
