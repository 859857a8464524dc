import { z } from 'zod';
import { EVENT_TYPES, type EventType } from '../event-types.js';
import { timestamp, uuid } from './common.js';

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
  from: z.string().min(3).max(320),
  to: z.string().min(3).max(320),
});

const common = {
  name: z.string().trim().min(1).max(100),
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
};

export const createChannelBody = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('webhook'), ...common, config: webhookConfig }),
  z.strictObject({ type: z.literal('telegram'), ...common, config: telegramConfig }),
  z.strictObject({ type: z.literal('email'), ...common, config: emailConfig }),
]);
export type CreateChannelBody = z.infer<typeof createChannelBody>;

export const channelType = z.enum(['webhook', 'telegram', 'email']);
export type ChannelType = z.infer<typeof channelType>;

export const channelView = z.object({
  id: uuid,
  type: channelType,
  name: z.string(),
  events: z.array(z.string()).nullable(),
  minLevel: alertLevel,
  agents: z.array(uuid).nullable(),
  priority: z.int(),
  enabled: z.boolean(),
  createdAt: timestamp,
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
