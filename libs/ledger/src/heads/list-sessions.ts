import type { Database } from '#libs/database';
import type { SessionHead } from '../types.js';
import { type RowOf, sessionRows } from './head-rows.js';

export interface SessionFilter {
  /** Only these agents; null = all. */
  agentIds: readonly string[] | null;
  /** `live`: active and not past its token's end; `over`: the opposite of live, revoked excluded. */
  standing?: 'live' | 'over' | 'revoked';
  /** Lowest and highest session id, inclusive. */
  from: string;
  to: string;
  newestFirst: boolean;
  limit: number;
}

const WHERE = `
from ledger.session_head h
where ($1::uuid[] is null or agent_id = any($1)) and session_id between $2 and $3
  and case $4
    when 'live' then status = 'active' and expires_at > extract(epoch from clock_timestamp())
    when 'over' then status = 'expired' or (status = 'active' and expires_at <= extract(epoch from clock_timestamp()))
    when 'revoked' then status = 'revoked'
    else true end`;

export interface ListedSession {
  head: SessionHead;
  hasHolder: boolean;
}

/** Session heads by id, which is the order of their creation. */
export async function listSessionHeads(database: Database, filter: SessionFilter): Promise<ListedSession[]> {
  const order = filter.newestFirst ? 'desc' : 'asc';
  const rows = await database.prepared<RowOf<SessionHead> & { has_holder: boolean }>(
    `heads.list.${order}`,
    `select h.*, exists (select from ledger.holder_head o where o.session_id = h.session_id and o.removed_at is null) as has_holder
     ${WHERE} order by session_id ${order} limit $5`,
    [filter.agentIds, filter.from, filter.to, filter.standing ?? null, filter.limit],
  );
  return rows.map((row) => ({ head: sessionRows.fromRow(row), hasHolder: row.has_holder }));
}
