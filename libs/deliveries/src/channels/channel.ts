import type { AlertLevel, ChannelType, EventType, MessageLanguage, QuietHours } from '#libs/contracts';

export interface WebhookConfig {
  url: string;
  /** `whsec_` + base64. */
  secret: string;
  /** Signs too until then, so that a receiver can change over (epoch milliseconds). */
  previous?: { secret: string; until: number };
  format?: 'standard' | 'slack' | 'discord' | 'ntfy' | undefined;
}

export interface TelegramConfig {
  botToken: string;
  chatId: number | string;
  apiRoot?: string | undefined;
  /** User ids that may command the bot in a group. */
  allowedUsers?: number[] | undefined;
}

export interface EmailConfig {
  smtpUrl: string;
  from: string;
  to: string;
}

/** A channel's secret part, by type. */
export type ChannelSecrets =
  | { type: 'webhook'; config: WebhookConfig }
  | { type: 'telegram'; config: TelegramConfig }
  | { type: 'email'; config: EmailConfig };

/** A channel without its secrets. Times are epoch milliseconds. */
export interface Channel {
  id: string;
  type: ChannelType;
  name: string;
  /** Null = all alerts. */
  events: EventType[] | null;
  minLevel: AlertLevel;
  /** Null = all agents. */
  agents: string[] | null;
  priority: number;
  enabled: boolean;
  language: MessageLanguage;
  /** Null = none. */
  quietHours: QuietHours | null;
  /** Whether it is given the log's newest signed checkpoint once a day. */
  dailyCheckpoint: boolean;
  source: 'api' | 'configuration';
  version: number;
  createdAt: number;
  /** Why it takes nothing but test messages until it works again or is changed. */
  stoppedReason: string | null;
  failures: number;
}

/** What a request came to. */
export interface WrittenChannel {
  channel: Channel;
  /** Nothing has changed the channel since; only then does it have the secrets that the request gave it. */
  isLatest: boolean;
}

/** Everything that can be said of a channel when it is made. */
export interface NewChannel {
  name: string;
  events?: EventType[] | undefined;
  minLevel?: AlertLevel | undefined;
  agents?: string[] | undefined;
  priority: number;
  enabled: boolean;
  language?: MessageLanguage | undefined;
  quietHours?: QuietHours | undefined;
  dailyCheckpoint?: boolean | undefined;
}

export interface ChannelChanges {
  name?: string | undefined;
  events?: EventType[] | null | undefined;
  minLevel?: AlertLevel | undefined;
  agents?: string[] | null | undefined;
  priority?: number | undefined;
  enabled?: boolean | undefined;
  language?: MessageLanguage | undefined;
  quietHours?: QuietHours | null | undefined;
  dailyCheckpoint?: boolean | undefined;
}
