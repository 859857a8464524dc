import { sessionViewOf } from '#libs/commands';
import { type List, type SessionsQuery, type SessionView, uuid } from '#libs/contracts';
import type { Database } from '#libs/database';
import { listSessionHeads, type SessionFilter } from '#libs/ledger';
import { decodeCursor, encodeCursor } from '../validation/cursor.js';

const LOWEST = '00000000-0000-0000-0000-000000000000';
const HIGHEST = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
/** `expiring_soon` is judged row by row; a page gives up after this many rounds and lets the client ask on. */
const ROUNDS = 20;

const STANDING: Record<NonNullable<SessionsQuery['status']>, NonNullable<SessionFilter['standing']>> = {
  active: 'live',
  expiring_soon: 'live',
  expired: 'over',
  revoked: 'revoked',
};

/** Sessions as the database's clock (`now`, epoch seconds) shows them, newest first. `agents` narrows what is seen. */
export async function listSessions(
  database: Database,
  query: SessionsQuery,
  { agents, now }: { agents: readonly string[] | null; now: number },
): Promise<List<SessionView>> {
  const edge = decodeCursor(query.cursor, (key) => uuid.safeParse(key).success);
  const newestFirst = edge?.direction !== 'prev';
  const bounds = boundsOf(query.idPrefix ?? '');
  let from = edge && !newestFirst && edge.key > bounds.from ? edge.key : bounds.from;
  let to = edge && newestFirst && edge.key < bounds.to ? edge.key : bounds.to;
  const items: SessionView[] = [];
  let last = edge?.key;
  let exhausted = false;
  for (let round = 0; round < ROUNDS && !exhausted && items.length <= query.limit; round++) {
    const wanted = query.limit + 2 - items.length;
    const heads = await listSessionHeads(database, {
      agentIds: narrowed(agents, query.agentId),
      ...(query.status && { standing: STANDING[query.status] }),
      from,
      to,
      newestFirst,
      limit: wanted,
    });
    exhausted = heads.length < wanted;
    // The bounds are inclusive: what was read last comes again first.
    for (const { head, hasHolder } of heads.filter((each) => each.head.sessionId !== last)) {
      const view = sessionViewOf(head, now, hasHolder);
      if (query.status === undefined || view.status === query.status) items.push(view);
    }
    last = heads.at(-1)?.head.sessionId ?? last;
    if (last !== undefined && newestFirst) to = last;
    else if (last !== undefined) from = last;
  }
  return pageOf(items, { limit: query.limit, newestFirst, fromEdge: edge !== null, exhausted, last });
}

function pageOf(
  found: SessionView[],
  at: { limit: number; newestFirst: boolean; fromEdge: boolean; exhausted: boolean; last: string | undefined },
): List<SessionView> {
  const items = found.slice(0, at.limit);
  const onwards = found.length > at.limit ? items.at(-1)?.id : at.exhausted ? undefined : at.last;
  const back = at.fromEdge ? items.at(0)?.id : undefined;
  if (!at.newestFirst) items.reverse();
  const [next, prev] = at.newestFirst ? [onwards, back] : [back, onwards];
  return {
    items,
    nextCursor: next === undefined ? null : encodeCursor({ direction: 'next', key: next }),
    prevCursor: prev === undefined ? null : encodeCursor({ direction: 'prev', key: prev }),
  };
}

function narrowed(agents: readonly string[] | null, agentId: string | undefined): readonly string[] | null {
  if (agentId === undefined) return agents;
  return agents === null || agents.includes(agentId) ? [agentId] : [];
}

/** The ids that begin with a prefix, as people type it. */
function boundsOf(prefix: string): { from: string; to: string } {
  return { from: prefix + LOWEST.slice(prefix.length), to: prefix + HIGHEST.slice(prefix.length) };
}
