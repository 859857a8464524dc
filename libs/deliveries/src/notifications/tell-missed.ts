import type { AlertLevel } from '#libs/contracts';
import type { PoolClient } from '#libs/database';
import type { IntakePlan } from './plan-intake.js';
import { databaseNow, recordNotification } from './record-notification.js';
import { syntheticEvent } from './synthetic-event.js';

/** Told once in this time: after a long absence there is one batch after the other. */
const TOLD_FOR = "interval '1 hour'";
const DEADLINE_MS = 72 * 3600 * 1000;

export type MissedAlerts = Record<AlertLevel, number>;

/** Alerts that were taken in after their deadline: they are on record as dead, and were never sent. */
export function missedOf(plans: readonly IntakePlan[]): MissedAlerts {
  const missed: MissedAlerts = { INFO: 0, WARNING: 0, CRITICAL: 0 };
  for (const { notifications } of plans) {
    for (const { level, missed: isMissed, routes } of notifications) {
      if (isMissed === true && routes.length > 0) missed[level] += 1;
    }
  }
  return missed;
}

/** Tells the owner through every channel that alerts came too late. Information that is out of date harms nobody. */
export async function tellMissed(
  client: PoolClient,
  consumer: string,
  { WARNING, CRITICAL }: MissedAlerts,
): Promise<string[]> {
  const count = WARNING + CRITICAL;
  if (count === 0) return [];
  const { rowCount } = await client.query(
    `update deliveries.checkpoint set missed_told_at = clock_timestamp()
     where consumer = $1 and coalesce(missed_told_at < clock_timestamp() - ${TOLD_FOR}, true)`,
    [consumer],
  );
  if (rowCount === 0) return [];
  const { rows } = await client.query<{ channel_id: string }>(
    'select channel_id from deliveries.channel where enabled and deleted_at is null',
  );
  const now = await databaseNow(client);
  const deliveries = await recordNotification(client, {
    stage: 'trouble',
    event: syntheticEvent('ledger.log.alerts_missed.v1', consumer, { count, critical: CRITICAL }, now),
    eventType: 'AlertsMissed',
    level: CRITICAL > 0 ? 'CRITICAL' : 'WARNING',
    deadline: now + DEADLINE_MS,
    agentId: null,
    sessionId: null,
    generation: null,
    routes: rows.map((row) => ({ channelId: row.channel_id, rank: null, startsAt: now })),
  });
  return [...deliveries.keys()];
}
