import type { Database } from '#libs/database';
import { evaluateExpiry } from '#libs/session';
import type { SessionNow } from '../claims/decide-at-send.js';
import { SESSION_NOW } from '../claims/due-rows.js';

/** Which of these sessions the expiry rule holds for now and nobody has announced; one query for all. */
export async function expiringNow(database: Database, sessionIds: readonly string[]): Promise<string[]> {
  if (sessionIds.length === 0) return [];
  const rows = await database.query<{ session_id: string; session: SessionNow; now: number }>(
    `select h.session_id, ${SESSION_NOW} as session, extract(epoch from clock_timestamp())::float8 as now
     from ledger.session_head h
     where h.session_id = any($1) and h.status = 'active' and not h.expiring_soon_announced`,
    [sessionIds],
  );
  return rows
    .filter(({ session, now }) => evaluateExpiry(session, Math.floor(now), { hasHolder: session.hasHolder }).holds)
    .map((row) => row.session_id);
}
