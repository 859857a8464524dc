import type { Database } from '#libs/database';
import type { HolderHead } from '#libs/ledger';

const LIVE_HOLDERS = `
select holder_id as "holderId", agent_id as "agentId", session_id as "sessionId", name,
       signing_key as "signingKey", sealing_key as "sealingKey", created_at as "createdAt", removed_at as "removedAt"
from ledger.holder_head
where session_id = any($1) and removed_at is null
order by holder_id`;

/** Holders of these sessions that are not removed. */
export function liveHolders(database: Database, sessionIds: string[]): Promise<HolderHead[]> {
  return database.prepared<HolderHead & Record<string, unknown>>('commands.live-holders', LIVE_HOLDERS, [sessionIds]);
}
