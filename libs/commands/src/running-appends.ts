import { setTimeout as pause } from 'node:timers/promises';
import type { CommandDeps } from './command-deps.js';

const RUNNING_APPENDS = `
select coalesce(array_agg(distinct virtualtransaction), '{}') as appends from pg_locks
where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())`;
const STILL_RUNNING = `
select exists (select from pg_locks
  where locktype = 'virtualxid' and virtualxid = any($1) and virtualtransaction = virtualxid) as running`;
const POLL_MS = 10;

/**
 * Waits until every append has ended that runs now, and so may not know what was just committed (the kill switch, a revoked key).
 * An append holds its streams' advisory locks before it reads anything, and has no transaction id yet at that point: so its
 * virtual transaction is what is waited for.
 */
export async function runningAppendsEnded({ database }: Pick<CommandDeps, 'database'>): Promise<void> {
  const [row] = await database.query<{ appends: string[] }>(RUNNING_APPENDS);
  const appends = row?.appends ?? [];
  while (appends.length > 0) {
    const [state] = await database.query<{ running: boolean }>(STILL_RUNNING, [appends]);
    if (!state?.running) return;
    await pause(POLL_MS);
  }
}
