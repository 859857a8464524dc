import { z } from 'zod';
import { CHANNEL_TYPES, EVENT_TYPES, type EventType } from '../event-types.js';
import { reason, text, timestamp, uuid } from './common.js';

export const ALERT_LEVELS = ['INFO', 'WARNING', 'CRITICAL'] as const;
export const alertLevel = z.enum(ALERT_LEVELS);
export type AlertLevel = z.infer<typeof alertLevel>;

export const webhookConfig = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).max(2048),
  /** `whsec_` + base64 of 24–64 bytes (Standard Webhooks); made and shown once when absent. */
  secret: z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/)
    .optional(),
  format: z.enum(['standard', 'slack', 'discord', 'ntfy']).optional(),
});
export const telegramConfig = z.strictObject({
  botToken: z.string().regex(/^\d+:[A-Za-z0-9_-]{20,}$/, 'a bot token as @BotFather gives it'),
  chatId: z.union([z.int(), z.string().regex(/^-?\d+$|^@\w+$/)]),
  apiRoot: z.url().optional(),
  /** Telegram user ids that may command the bot in a group; in a private chat its user may. */
  allowedUsers: z.array(z.int().positive()).max(100).optional(),
});
export const emailConfig = z.strictObject({
  smtpUrl: z.url({ protocol: /^smtps?$/ }),
  from: text.min(3).max(320),
  to: text.min(3).max(320),
});

export const MESSAGE_LANGUAGES = ['en', 'ko'] as const;
export const messageLanguage = z.enum(MESSAGE_LANGUAGES);
export type MessageLanguage = z.infer<typeof messageLanguage>;

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day as 22:00');
/** Every day from `from` to `to` (over midnight where `to` is earlier) nothing but critical alerts, and what cannot wait, is sent. */
export const quietHours = z
  .strictObject({
    from: timeOfDay,
    to: timeOfDay,
    /** IANA name, e.g. `Asia/Seoul`. */
    timeZone: z.string().max(64).refine(isTimeZone, 'an IANA time zone such as Europe/Berlin'),
  })
  .refine(({ from, to }) => from !== to, '`from` and `to` are the same time');
export type QuietHours = z.infer<typeof quietHours>;

function isTimeZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone });
    return true;
  } catch {
    return false;
  }
}

const common = {
  name: text.trim().min(1).max(100),
  /** Only these events; all when absent. */
  events: z
    .array(z.enum(Object.keys(EVENT_TYPES) as [EventType, ...EventType[]]))
    .min(1)
    .optional(),
  minLevel: alertLevel.optional(),
  /** Only these agents; all when absent. */
  agents: z.array(uuid).min(1).optional(),
  /** Lower goes first where channels are tried in turn. */
  priority: z.int().min(0).max(1000).default(100),
  enabled: z.boolean().default(true),
  /** Of messages for people, `en` when absent; webhooks in the standard format carry the event itself. */
  language: messageLanguage.optional(),
  /** None when absent. */
  quietHours: quietHours.optional(),
  /** Whether it is given the log's newest signed checkpoint once a day, as a witness; it is when absent. */
  dailyCheckpoint: z.boolean().optional(),
};

export const createChannelBody = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('webhook'), ...common, config: webhookConfig }),
  z.strictObject({ type: z.literal('telegram'), ...common, config: telegramConfig }),
  z.strictObject({ type: z.literal('email'), ...common, config: emailConfig }),
]);
export type CreateChannelBody = z.infer<typeof createChannelBody>;

/** A new `config` replaces the old one whole; a webhook's without `secret` keeps the secret. */
export const updateChannelBody = z.strictObject({
  name: common.name.optional(),
  events: common.events.nullable(),
  minLevel: alertLevel.optional(),
  agents: common.agents.nullable(),
  priority: z.int().min(0).max(1000).optional(),
  enabled: z.boolean().optional(),
  language: messageLanguage.optional(),
  quietHours: quietHours.nullable().optional(),
  dailyCheckpoint: z.boolean().optional(),
  config: z.record(z.string(), z.unknown()).optional(),
});
export type UpdateChannelBody = z.infer<typeof updateChannelBody>;

export const channelType = z.enum(CHANNEL_TYPES);

export const channelView = z.object({
  id: uuid,
  type: channelType,
  name: z.string(),
  events: z.array(z.string()).nullable(),
  minLevel: alertLevel,
  agents: z.array(uuid).nullable(),
  priority: z.int(),
  enabled: z.boolean(),
  language: messageLanguage,
  quietHours: quietHours.nullable(),
  dailyCheckpoint: z.boolean(),
  createdAt: timestamp,
  /** Why it takes nothing but tests until it works again or is changed; null when nothing is wrong. */
  stoppedReason: z.string().nullable(),
});
export type ChannelView = z.infer<typeof channelView>;

export const DELIVERY_STATUSES = [
  'pending',
  'attempting',
  'delivered',
  'retry',
  'unknown',
  'superseded',
  'suppressed',
  'dead',
] as const;
export const deliveryStatus = z.enum(DELIVERY_STATUSES);
export type DeliveryStatus = z.infer<typeof deliveryStatus>;

export const deliveryView = z.object({
  id: uuid,
  notificationId: uuid,
  eventId: uuid,
  channelId: uuid,
  status: deliveryStatus,
  /** Why it ended as it did, where that needs saying. */
  detail: z.string().nullable(),
  attempts: z.array(
    z.object({
      number: z.int(),
      startedAt: timestamp,
      endedAt: timestamp.nullable(),
      outcome: z.enum(['delivered', 'failed', 'unknown']).nullable(),
      detail: z.string().nullable(),
    }),
  ),
  nextAttemptAt: timestamp.nullable(),
  deadline: timestamp,
  createdAt: timestamp,
});
export type DeliveryView = z.infer<typeof deliveryView>;

/** Puts alerts off (`snooze`) or drops them (`silence`) until a time: of one agent, of one session, or all. Never critical ones. */
export const createSilenceBody = z
  .strictObject({
    agentId: uuid.optional(),
    sessionId: uuid.optional(),
    mode: z.enum(['snooze', 'silence']).default('snooze'),
    /** Seconds from now. */
    duration: z.int().min(60).max(2_592_000),
    reason: reason.optional(),
  })
  .refine(
    ({ agentId, sessionId }) => agentId === undefined || sessionId === undefined,
    'give an agent or a session, not both',
  );
export type CreateSilenceBody = z.infer<typeof createSilenceBody>;

export const silenceView = z.object({
  id: uuid,
  agentId: uuid.nullable(),
  sessionId: uuid.nullable(),
  mode: z.enum(['snooze', 'silence']),
  reason: z.string().nullable(),
  createdBy: z.string(),
  createdAt: timestamp,
  endsAt: timestamp,
});
export type SilenceView = z.infer<typeof silenceView>;

/** Answer of `GET /v1/notifications/:id/why`. */
export const whyView = z.object({
  notificationId: uuid,
  stage: z.string(),
  level: alertLevel,
  event: z.object({
    id: uuid,
    type: z.string(),
    time: timestamp,
    position: z.int().nullable(),
    streamVersion: z.int().nullable(),
    /** Leaf hash in the log's tree, lower-case hex. */
    leaf: z.string().nullable(),
  }),
  /** For `SessionExpiringSoon`: the legs of the rule that held, with the figures of that moment. */
  rule: z
    .object({
      causes: z.array(z.string()),
      remainingRenewals: z.int().nullable(),
      endsAt: timestamp,
      secondsLeft: z.int(),
      trigger: z.string(),
    })
    .nullable(),
  sentence: z.string(),
});
export type WhyView = z.infer<typeof whyView>;
