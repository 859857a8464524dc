import type { Database } from '#libs/database';
import { closeLostAttempts, type LostAttempt } from './lost-attempts.js';
import { settle, settleMembers, startNextTurn } from './settle.js';

const AT_ONCE = 500;

/** Of each channel that is off by index: the time is a subselect, because a volatile function is no bound for one. */
const LEFT = `with off as materialized (select channel_id from deliveries.channel where not enabled)
  select l.* from off cross join lateral (
    (select delivery_id, notification_id, status, attempts, unknowns from deliveries.delivery d
     where d.channel_id = off.channel_id and d.attempts = 0 and d.next_attempt_at <= (select clock_timestamp())
     limit ${AT_ONCE})
    union all
    (select delivery_id, notification_id, status, attempts, unknowns from deliveries.delivery d
     where d.channel_id = off.channel_id and d.attempts > 0 and d.next_attempt_at <= (select clock_timestamp())
     limit ${AT_ONCE})) l
  limit ${AT_ONCE}`;

/**
 * Ends what a channel left behind that was turned off or deleted: attempts that were under way and whose worker is gone since,
 * their retries, and what was queued in the same moment. Nobody claims it any more. Returns channels whose turn it is now.
 */
export async function dropLeftovers(database: Database): Promise<string[]> {
  const found = await database.prepared<LostAttempt & { notification_id: string }>('left deliveries', LEFT);
  if (found.length === 0) return [];
  return database.transaction(async (client) => {
    const ids = found.map((row) => row.delivery_id);
    const { rows } = await client.query<LostAttempt & { notification_id: string }>(
      `select delivery_id, notification_id, status, attempts, unknowns from deliveries.delivery
       where delivery_id = any($1) and next_attempt_at <= clock_timestamp() for update skip locked`,
      [ids],
    );
    await closeLostAttempts(client, rows);
    await settle(
      client,
      rows.map(({ delivery_id: deliveryId, status }) => ({
        deliveryId,
        status: 'suppressed' as const,
        detail:
          status === 'attempting'
            ? 'the channel was turned off or deleted while it was sent: it may have arrived'
            : 'the channel was turned off or deleted',
        nextAttemptAt: null,
      })),
    );
    const carried = await settleMembers(
      client,
      rows.map((row) => row.delivery_id),
    );
    return startNextTurn(client, [...rows.map((row) => row.notification_id), ...carried]);
  });
}
