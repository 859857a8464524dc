import type { AlertLevel, CloudEvent } from '#libs/contracts';
import type { PoolClient } from '#libs/database';
import { newId } from '#libs/platform';
import { levelNumber } from '../alert-levels.js';
import type { Routed } from './route.js';
import type { SyntheticEvent } from './synthetic-event.js';

/** `alert` follows from an event; the others are made by the notifier or the owner. */
export type Stage = 'alert' | 'reminder' | 'withdrawn' | 'test' | 'canary' | 'trouble' | 'checkpoint';

/** Every channel has one recipient: its owner. */
const RECIPIENT = 'owner';

export interface NewNotification {
  stage: Stage;
  event: CloudEvent | SyntheticEvent;
  /** Event name, or `Channel…`, `LogCheckpoint` and `AlertsMissed` for what is not in the ledger. */
  eventType: string;
  level: AlertLevel;
  /** Epoch milliseconds. */
  deadline: number;
  agentId: string | null;
  sessionId: string | null;
  generation: number | null;
  routes: Routed[];
  /** Its deadline had passed when it was taken in: it is recorded, and never sent by itself. */
  missed?: boolean;
}

/** Database time, epoch milliseconds: what is planned by it must not depend on this process's clock. */
export async function databaseNow(client: PoolClient): Promise<number> {
  const { rows } = await client.query<{ now: number }>(
    'select floor(extract(epoch from clock_timestamp()) * 1000)::float8 as now',
  );
  return rows[0]!.now;
}

/**
 * Writes a notification and its deliveries, once for each event and stage.
 *
 * @returns the ids of the deliveries by channel; empty when it was recorded before
 */
export async function recordNotification(
  client: PoolClient,
  notification: NewNotification,
): Promise<Map<string, string>> {
  const [recorded] = await recordNotifications(client, [notification]);
  return recorded!;
}

/** The same for many, in one statement: deliveries are queued in the order given. */
export async function recordNotifications(
  client: PoolClient,
  notifications: readonly NewNotification[],
): Promise<Map<string, string>[]> {
  if (notifications.length === 0) return [];
  const given = notifications.map((notification) => ({ id: newId(), ...notification }));
  const queued = given.flatMap(({ id, deadline, routes, missed = false }) =>
    routes.map((routed) => ({ ...routed, id: newId(), notificationId: id, deadline, missed })),
  );
  const { rows } = await client.query<{ notification_id: string }>({
    name: 'record notifications',
    text: RECORD,
    values: [
      given.map(({ id }) => id),
      given.map(({ event }) => event.id),
      given.map(({ stage }) => stage),
      given.map(({ eventType }) => eventType),
      given.map(({ level }) => levelNumber(level)),
      given.map(({ agentId }) => agentId),
      given.map(({ sessionId }) => sessionId),
      given.map(({ generation }) => generation),
      given.map(({ event }) => ('position' in event ? event.position : null)),
      given.map(({ event, stage }) => JSON.stringify(stage === 'alert' ? event : { ...event, stage })),
      given.map(({ deadline }) => deadline),
      queued.map(({ id }) => id),
      queued.map(({ notificationId }) => notificationId),
      queued.map(({ channelId }) => channelId),
      queued.map(({ rank }) => rank),
      queued.map(({ startsAt }) => startsAt),
      queued.map(({ deadline }) => deadline),
      queued.map(({ missed }) => missed),
      RECIPIENT,
    ],
  });
  const recorded = new Map(rows.map((row) => [row.notification_id, new Map<string, string>()]));
  for (const { notificationId, channelId, id } of queued) recorded.get(notificationId)?.set(channelId, id);
  return given.map(({ id }) => recorded.get(id) ?? new Map<string, string>());
}

const RECORD = `with recorded as (
    insert into deliveries.notification
      (notification_id, event_id, stage, event_type, level, agent_id, session_id, generation, position, envelope, deadline)
    select id, event_id, stage, event_type, level, agent_id, session_id, generation, position, envelope,
      to_timestamp(deadline / 1000.0)
    from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::smallint[], $6::uuid[], $7::uuid[], $8::int[],
      $9::bigint[], $10::text[], $11::float8[])
      as n (id, event_id, stage, event_type, level, agent_id, session_id, generation, position, envelope, deadline)
    on conflict (event_id, stage) do nothing returning notification_id
  ), queued as (
    insert into deliveries.delivery
      (delivery_id, notification_id, channel_id, rank, deadline, recipient, status, detail, next_attempt_at, finished_at)
    select id, notification_id, channel_id, rank, to_timestamp(deadline / 1000.0), $19,
      case when missed then 'dead' else 'pending' end,
      case when missed then 'the event was read after this deadline' end,
      case when not missed then to_timestamp(starts_at / 1000.0) end,
      case when missed then clock_timestamp() end
    from unnest($12::uuid[], $13::uuid[], $14::uuid[], $15::smallint[], $16::float8[], $17::float8[], $18::boolean[])
      with ordinality as d (id, notification_id, channel_id, rank, starts_at, deadline, missed, place)
    where notification_id in (select notification_id from recorded) order by place)
  select notification_id from recorded`;
