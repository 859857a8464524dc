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

/** Each as the indexes have it: the planner matches no parameter to the condition of an index. */
const STANDING: Record<NonNullable<SessionFilter['standing']>, string> = {
  live: `and h.status = 'active' and h.expires_at > extract(epoch from clock_timestamp())`,
  over: `and (h.status = 'expired' or (h.status = 'active' and h.expires_at <= extract(epoch from clock_timestamp())))`,
  revoked: `and h.status = 'revoked'`,
};

export interface ListedSession {
  head: SessionHead;
  hasHolder: boolean;
}

/** Session heads by id, which is the order of their creation. */
export async function listSessionHeads(database: Database, filter: SessionFilter): Promise<ListedSession[]> {
  const { agentIds, from, to, standing, newestFirst, limit } = filter;
  const inOrder = `order by session_id ${newestFirst ? 'desc' : 'asc'} limit $3`;
  const heads = (where: string) =>
    `select h.* from ledger.session_head h
     where ${where} h.session_id between $1 and $2 ${standing ? STANDING[standing] : ''} ${inOrder}`;
  // A page of each agent, by the agent's own index: one of all would be read past everybody else's sessions.
  const found =
    agentIds === null
      ? `(${heads('')}) h`
      : `(select distinct unnest($4::uuid[]) as agent_id) a cross join lateral (${heads('h.agent_id = a.agent_id and')}) h`;
  const rows = await database.queryByIndex<RowOf<SessionHead> & { has_holder: boolean }>(
    `select h.*, exists (select from ledger.holder_head o where o.session_id = h.session_id and o.removed_at is null) as has_holder
     from ${found} ${inOrder}`,
    [from, to, limit, ...(agentIds === null ? [] : [agentIds])],
  );
  return rows.map((row) => ({ head: sessionRows.fromRow(row), hasHolder: row.has_holder }));
}
