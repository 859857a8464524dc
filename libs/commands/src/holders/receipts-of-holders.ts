import { LedgerError, type HoldersQuery, type HolderView, type ReceiptBody } from '#libs/contracts';
import type { Database } from '#libs/database';
import type { HolderHead } from '#libs/ledger';
import { toRfc3339 } from '#libs/session';

const ACKNOWLEDGE = `
insert into ledger.holder_receipt (holder_id, session_id, generation, ended, acknowledged_at, last_seen_at)
values ($1, $2, $3, $4, clock_timestamp(), clock_timestamp())
on conflict (holder_id) do update set
  acknowledged_at = case
    when (holder_receipt.session_id, holder_receipt.generation, holder_receipt.ended)
       = (excluded.session_id, excluded.generation, excluded.ended) then holder_receipt.acknowledged_at
    else excluded.acknowledged_at end,
  session_id = excluded.session_id, generation = excluded.generation, ended = excluded.ended,
  last_seen_at = excluded.last_seen_at`;

/** Notes which generation a holder runs. Errors: FORBIDDEN for a session that is not its own. */
export async function acknowledge(database: Database, holder: HolderHead, receipt: ReceiptBody): Promise<void> {
  if (receipt.sessionId !== holder.sessionId) {
    throw new LedgerError('FORBIDDEN', { detail: `The holder is assigned to session ${holder.sessionId}.` });
  }
  const { sessionId, generation, ended = false } = receipt;
  await database.prepared('commands.acknowledge', ACKNOWLEDGE, [holder.holderId, sessionId, generation, ended]);
}

interface HolderRow extends Record<string, unknown> {
  holder_id: string;
  agent_id: string;
  session_id: string;
  name: string;
  created_at: number;
  generation: number | null;
  ended: boolean | null;
  acknowledged_at: Date | null;
  last_seen_at: Date | null;
}

const LISTED = `
select h.holder_id, h.agent_id, h.session_id, h.name, h.created_at, r.generation, r.ended, r.acknowledged_at, r.last_seen_at
from ledger.holder_head h left join ledger.holder_receipt r using (holder_id, session_id)
where h.removed_at is null
  and ($1::uuid is null or h.agent_id = $1) and ($2::uuid is null or h.session_id = $2)
  and ($5::uuid[] is null or h.agent_id = any($5))`;
const OLDER = `${LISTED} and ($3::uuid is null or h.holder_id < $3) order by h.holder_id desc limit $4`;
const NEWER = `${LISTED} and h.holder_id > $3 order by h.holder_id limit $4`;

export interface HoldersFrom {
  /** Holder id to go on from: to older ones, or back to newer ones, nearest first; null: the newest. */
  edge: { direction: 'next' | 'prev'; key: string } | null;
  /** The only agents to be seen; null: all. */
  agents: readonly string[] | null;
}

/** Holders with what they acknowledged, newest first unless the edge leads back. */
export async function listHolders(
  database: Database,
  { agentId, sessionId, limit }: HoldersQuery,
  { edge, agents }: HoldersFrom,
): Promise<HolderView[]> {
  const [name, text] =
    edge?.direction === 'prev' ? ['commands.newer-holders', NEWER] : ['commands.older-holders', OLDER];
  const rows = await database.prepared<HolderRow>(name, text, [
    agentId ?? null,
    sessionId ?? null,
    edge?.key ?? null,
    limit,
    agents,
  ]);
  return rows.map((row) => ({
    id: row.holder_id,
    agentId: row.agent_id,
    sessionId: row.session_id,
    name: row.name,
    generation: row.generation,
    ended: row.ended ?? false,
    acknowledgedAt: row.acknowledged_at?.toISOString() ?? null,
    lastSeenAt: row.last_seen_at?.toISOString() ?? null,
    createdAt: toRfc3339(row.created_at),
  }));
}
