import type { Database } from '#libs/database';

/** Whoever sends renews its leases far more often than this; what still has one then was left by a worker that is gone. */
const LEASE = "interval '1 minute'";

/**
 * What was planned by the database's clock before it was set back by `ms` would come so much too late: retries, leases, pauses
 * and breakers are moved with the clock, and what was due before and is still queued is due again. Deadlines stay, and so does
 * what waits for a moment of its own (quiet hours, a snooze, a turn that had not come). Returns how many deliveries are looked at
 * sooner.
 */
export async function followClockBack(database: Database, ms: number): Promise<number> {
  const by = "$1 * interval '1 millisecond'";
  const rows = await database.query(
    `update deliveries.delivery set next_attempt_at = case status
       when 'attempting' then least(next_attempt_at, clock_timestamp() + ${LEASE})
       else greatest(clock_timestamp(), next_attempt_at - ${by}) end
     where next_attempt_at > clock_timestamp() and postponed_by is null and (status in ('retry', 'unknown', 'attempting')
       or (status = 'pending' and next_attempt_at - ${by} <= clock_timestamp()))
     returning delivery_id`,
    [ms],
  );
  await database.query(
    `update deliveries.channel set paused_until = paused_until - ${by}, open_until = open_until - ${by}
     where paused_until > clock_timestamp() or open_until > clock_timestamp()`,
    [ms],
  );
  await database.query(
    `update deliveries.gate set paused_until = paused_until - ${by} where paused_until > clock_timestamp()`,
    [ms],
  );
  return rows.length;
}
