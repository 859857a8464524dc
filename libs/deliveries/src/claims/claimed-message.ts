import type { AlertLevel, ChannelType } from '#libs/contracts';
import type { Stage } from '../notifications/record-notification.js';

/** What a message tells of: one notification. */
export interface Member {
  deliveryId: string;
  notificationId: string;
  eventId: string;
  stage: Stage;
  eventType: string;
  level: AlertLevel;
  sessionId: string | null;
  agentId: string | null;
  /** The CloudEvent as it was recorded, exact text. */
  envelope: string;
}

/** A message under way: its attempt is on record, and nobody else sends it while the lease runs. */
export interface ClaimedMessage {
  /** Of the carrier: the message's stable id on every attempt. */
  deliveryId: string;
  channelId: string;
  channelType: ChannelType;
  attempt: number;
  fence: number;
  /** Epoch milliseconds, database time. */
  startedAt: number;
  deadline: number;
  /** An earlier attempt may have arrived. */
  possibleRepeat: boolean;
  /** Earlier attempts whose outcome nobody knows. */
  unknowns: number;
  /** As rendered for the first attempt; null where a message is rendered from its only member each time. */
  content: unknown;
  members: Member[];
}

/** What came of an attempt. */
export type Outcome =
  | { kind: 'delivered'; detail?: string; remoteRef?: string }
  | {
      kind: 'failed';
      /** Class of the failure, one of few: a metric's label. */
      reason: FailureReason;
      detail: string;
      /** No later attempt of this message can succeed. */
      permanent?: boolean;
      /** Seconds that the far side asked for; the whole channel waits. */
      retryAfter?: number;
      /** The channel takes nothing more until it is mended: `gone` turns it off for good. */
      stop?: 'credentials' | 'recipient' | 'gone';
    }
  | { kind: 'unknown'; reason: FailureReason; detail: string };

export const FAILURE_REASONS = [
  'refused_address',
  'dns',
  'connect',
  'tls',
  'timeout',
  'connection_lost',
  'redirect',
  'http_4xx',
  'http_5xx',
  'rate_limited',
  'gone',
  'credentials',
  'recipient',
  'rejected',
  'worker_lost',
  'internal',
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];
