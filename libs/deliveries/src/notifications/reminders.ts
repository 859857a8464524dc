import type { CloudEvent } from '#libs/contracts';
import type { Database } from '#libs/database';
import type { ExpiryCause } from '#libs/session';
import { CHANNEL_COLUMNS, channelOf, type ChannelRow } from '../channels/channel-rows.js';
import type { SessionNow } from '../claims/decide-at-send.js';
import { SESSION_NOW } from '../claims/due-rows.js';
import { recordNotification } from './record-notification.js';
import { route } from './route.js';

export interface DueReminder {
  sessionId: string;
  eventId: string;
  announced: { causes: ExpiryCause[]; endsAt: number };
  session: SessionNow | null;
  /** Database time, epoch seconds. */
  now: number;
  /** Since when it was due, as the database wrote it. */
  dueSince: string;
}

/** Announced sessions whose reminder must be decided now, by index. */
export async function dueReminders(database: Database, limit: number): Promise<DueReminder[]> {
  const rows = await database.query<{
    session_id: string;
    event_id: string;
    causes: ExpiryCause[];
    announced_end: number;
    session: SessionNow | null;
    now: number;
    due_since: string;
  }>(
    `select r.session_id, r.event_id, r.causes, r.announced_end, r.due_at::text as due_since, ${SESSION_NOW} as session,
       extract(epoch from clock_timestamp())::float8 as now
     from deliveries.reminder r left join ledger.session_head h using (session_id)
     where r.due_at <= (select clock_timestamp()) order by r.due_at limit $1`,
    [limit],
  );
  return rows.map((row) => ({
    sessionId: row.session_id,
    eventId: row.event_id,
    announced: { causes: row.causes, endsAt: row.announced_end },
    session: row.session,
    now: row.now,
    dueSince: row.due_since,
  }));
}

/**
 * Puts the decision off until then (epoch seconds), or drops the reminder. One that a renewal has made due again meanwhile stays:
 * the decision was about the session before it.
 */
export async function forgetReminder(
  database: Database,
  { sessionId, dueSince }: DueReminder,
  until: number | null,
): Promise<void> {
  const unchanged = 'session_id = $1 and due_at = $2::timestamptz';
  if (until === null) await database.query(`delete from deliveries.reminder where ${unchanged}`, [sessionId, dueSince]);
  else
    await database.query(`update deliveries.reminder set due_at = to_timestamp($3) where ${unchanged}`, [
      sessionId,
      dueSince,
      until,
    ]);
}

/** Queues the reminder: once for each announcement, whoever else tries. */
export async function remindOf(database: Database, reminder: DueReminder, endsAt: number): Promise<void> {
  await database.transaction(async (client) => {
    const { rows } = await client.query<{ envelope: string; agent_id: string }>(
      "select envelope, agent_id from deliveries.notification where event_id = $1 and stage = 'alert'",
      [reminder.eventId],
    );
    if (rows[0]) {
      const event = JSON.parse(rows[0].envelope) as CloudEvent;
      const { rows: channels } = await client.query<ChannelRow>(
        `select ${CHANNEL_COLUMNS} from deliveries.channel where enabled and deleted_at is null`,
      );
      const alert = {
        eventType: 'SessionExpiringSoon',
        type: 'SessionExpiringSoon' as const,
        level: 'WARNING' as const,
        agentId: rows[0].agent_id,
        sessionId: reminder.sessionId,
        generation: null,
        onlyByName: false,
        deadline: endsAt * 1000,
      };
      await recordNotification(client, {
        ...alert,
        stage: 'reminder',
        event: {
          ...event,
          data: { ...event.data, endsAt: new Date(endsAt * 1000).toISOString(), causes: ['lifetime'] },
        },
        routes: route(channels.map(channelOf), alert, reminder.now * 1000),
      });
    }
    await client.query('delete from deliveries.reminder where session_id = $1', [reminder.sessionId]);
  });
}
