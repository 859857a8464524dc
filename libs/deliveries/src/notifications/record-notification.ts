import type { AlertLevel, CloudEvent } from '#libs/contracts';
import type { PoolClient } from '#libs/database';
import { newId } from '#libs/platform';
import { levelNumber } from '../alert-levels.js';
import type { Routed } from './route.js';

/** `alert` follows from an event; the others are made by the notifier or the owner. */
export type Stage = 'alert' | 'reminder' | 'withdrawn' | 'test' | 'canary' | 'trouble';

/** Every channel has one recipient: its owner. */
const RECIPIENT = 'owner';

export interface NewNotification {
  stage: Stage;
  event: CloudEvent | SyntheticEvent;
  /** Event name, or `Channel…` for what is not in the ledger. */
  eventType: string;
  level: AlertLevel;
  /** Epoch milliseconds. */
  deadline: number;
  agentId: string | null;
  sessionId: string | null;
  generation: number | null;
  routes: Routed[];
}

/** Database time, epoch milliseconds: what is planned by it must not depend on this process's clock. */
export async function databaseNow(client: PoolClient): Promise<number> {
  const { rows } = await client.query<{ now: number }>(
    'select floor(extract(epoch from clock_timestamp()) * 1000)::float8 as now',
  );
  return rows[0]!.now;
}

/** A CloudEvent of the notifier's own: it is no fact of the ledger, so it has no place in the log. */
export type SyntheticEvent = Omit<CloudEvent, 'position' | 'streamversion' | 'leaf' | 'actor' | 'requestid'>;

/**
 * Writes a notification and its deliveries, once for each event and stage.
 *
 * @returns the ids of the deliveries by channel; empty when it was recorded before
 */
export async function recordNotification(
  client: PoolClient,
  notification: NewNotification,
): Promise<Map<string, string>> {
  const { event, stage, deadline, routes } = notification;
  const id = newId();
  const ids = new Map(routes.map(({ channelId }) => [channelId, newId()]));
  const { rows } = await client.query<{ recorded: boolean }>(
    `with recorded as (
       insert into deliveries.notification
         (notification_id, event_id, stage, event_type, level, agent_id, session_id, generation, position, envelope, deadline)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, to_timestamp($11 / 1000.0))
       on conflict (event_id, stage) do nothing returning notification_id
     ), queued as (
       insert into deliveries.delivery
         (delivery_id, notification_id, channel_id, recipient, rank, next_attempt_at, deadline)
       select r.delivery_id, recorded.notification_id, r.channel_id, $12, r.rank, to_timestamp(r.starts_at / 1000.0),
         to_timestamp($11 / 1000.0)
       from recorded, unnest($13::uuid[], $14::uuid[], $15::int[], $16::float8[])
         as r (delivery_id, channel_id, rank, starts_at))
     select exists (select from recorded) as recorded`,
    [
      id,
      event.id,
      stage,
      notification.eventType,
      levelNumber(notification.level),
      notification.agentId,
      notification.sessionId,
      notification.generation,
      'position' in event ? event.position : null,
      JSON.stringify(stage === 'alert' ? event : { ...event, stage }),
      deadline,
      RECIPIENT,
      routes.map(({ channelId }) => ids.get(channelId)),
      routes.map(({ channelId }) => channelId),
      routes.map(({ rank }) => rank),
      routes.map(({ startsAt }) => startsAt),
    ],
  );
  return rows[0]!.recorded ? ids : new Map();
}
