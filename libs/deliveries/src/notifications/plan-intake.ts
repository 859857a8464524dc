import { domainEventOf, type CloudEvent } from '#libs/contracts';
import type { Database } from '#libs/database';
import type { Channel } from '../channels/channel.js';
import { CHANNEL_COLUMNS, channelOf, type ChannelRow } from '../channels/channel-rows.js';
import { alertOf, type Alert } from './alert.js';
import type { NewNotification } from './record-notification.js';
import { reminderChangeOf, type ReminderChange } from './reminder-changes.js';
import { route } from './route.js';

/** How long the news that a holder is back is worth telling. */
const WITHDRAWAL_DEADLINE_MS = 24 * 3600 * 1000;

/** What an event leads to. */
export interface IntakePlan {
  position: number;
  notifications: NewNotification[];
  reminder: ReminderChange | null;
}

/** What must be known besides the events; read before anything is written, so that no transaction id is held meanwhile. */
interface Surroundings {
  channels: Channel[];
  /** Epoch milliseconds by session. */
  tokenEnds: ReadonlyMap<string, number>;
  /** Channels that told of an overdue renewal, by the renewal that came after all. */
  told: ReadonlyMap<string, readonly string[]>;
}

/** Decides what each event leads to. `now` is database time, epoch milliseconds. */
export async function planIntake(
  database: Database,
  events: readonly CloudEvent[],
  now: number,
): Promise<IntakePlan[]> {
  const surroundings = await surroundingsOf(database, events);
  return events.map((event) => planOf(event, surroundings, now));
}

function planOf(event: CloudEvent, { channels, tokenEnds, told }: Surroundings, now: number): IntakePlan {
  const { position } = event;
  const alert = alertOf(event, tokenEnds.get(event.subject) ?? null);
  if (alert === null) return { position, notifications: [], reminder: null };
  const missed = alert.deadline <= now;
  const routes = route(channels, alert, now);
  const notifications: NewNotification[] = [{ ...alert, stage: 'alert', eventType: alert.type, routes, missed }];
  const toldBy = channels.filter(({ id }) => told.get(event.id)?.includes(id));
  if (toldBy.length > 0) notifications.push(withdrawal(alert, toldBy, now));
  return { position, notifications, reminder: reminderChangeOf(alert) };
}

/** The holder is back: whoever was told that its renewal is overdue is told so. */
function withdrawal(alert: Alert, told: Channel[], now: number): NewNotification {
  return {
    ...alert,
    stage: 'withdrawn',
    eventType: alert.type,
    deadline: now + WITHDRAWAL_DEADLINE_MS,
    routes: told.map(({ id }) => ({ channelId: id, rank: null, startsAt: now })),
  };
}

async function surroundingsOf(database: Database, events: readonly CloudEvent[]): Promise<Surroundings> {
  const facts = events.map((event) => ({ event, fact: domainEventOf(event) }));
  const overdue = facts.flatMap(({ event, fact }) => (fact?.type === 'SessionRenewalOverdue' ? [event.subject] : []));
  const renewed = facts.flatMap(({ event, fact }) =>
    fact?.type === 'SessionRenewed' ? [{ event, generation: fact.data.generation }] : [],
  );
  const rows = await database.query<ChannelRow>(
    `select ${CHANNEL_COLUMNS} from deliveries.channel where enabled and deleted_at is null order by channel_id`,
  );
  return {
    channels: rows.map(channelOf),
    tokenEnds: await tokenEndsOf(database, overdue),
    told: await toldOverdue(database, renewed),
  };
}

async function tokenEndsOf(database: Database, sessionIds: readonly string[]): Promise<Map<string, number>> {
  if (sessionIds.length === 0) return new Map();
  const rows = await database.query<{ session_id: string; expires_at: number }>(
    'select session_id, expires_at from ledger.session_head where session_id = any($1)',
    [sessionIds],
  );
  return new Map(rows.map((row) => [row.session_id, row.expires_at * 1000]));
}

async function toldOverdue(
  database: Database,
  renewed: readonly { event: CloudEvent; generation: number }[],
): Promise<Map<string, string[]>> {
  if (renewed.length === 0) return new Map();
  const rows = await database.query<{ event_id: string; channels: string[] }>(
    `select r.event_id, array_agg(distinct d.channel_id::text) as channels
     from unnest($1::uuid[], $2::uuid[], $3::int[]) as r (event_id, session_id, generation)
     join deliveries.notification n on n.session_id = r.session_id and n.event_type = 'SessionRenewalOverdue'
       and n.generation = r.generation - 1
     join deliveries.delivery d on d.notification_id = n.notification_id
       and d.status in ('delivered', 'unknown', 'attempting')
     group by r.event_id`,
    [
      renewed.map(({ event }) => event.id),
      renewed.map(({ event }) => event.subject),
      renewed.map(({ generation }) => generation),
    ],
  );
  return new Map(rows.map((row) => [row.event_id, row.channels]));
}
