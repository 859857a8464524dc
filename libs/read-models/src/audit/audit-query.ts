import { toCloudEvent, type AuditQuery, type CloudEvent, type List, type RecordedEvent } from '#libs/contracts';
import type { Database } from '#libs/database';
import { eventOf, RECORDED_EVENT_COLUMNS } from '#libs/ledger';
import { decodeCursor, encodeCursor, type AuditCursor } from './audit-cursor.js';
import { byOrder } from './search/by-order.js';
import { bySession } from './search/by-session.js';
import { byWords } from './search/by-words.js';
import { SearchTerms } from './search/search-terms.js';

export interface AuditScope {
  /** Becomes the envelopes' source. */
  source: string;
  /** Only these agents' events; all when absent or null. */
  agents?: readonly string[] | null;
}

/** The statement of one page of a search, newest first unless the cursor leads back. */
export function auditStatement(
  { cursor: page, ...query }: AuditQuery,
  { agents = null }: Pick<AuditScope, 'agents'>,
): { text: string; values: unknown[]; cursor: AuditCursor | null } {
  const cursor = page === undefined ? null : decodeCursor(page);
  const terms = new SearchTerms(query, narrowed(agents, query.agentId), cursor);
  const text = `
    select a.position, ${RECORDED_EVENT_COLUMNS}
    from (${pageOf(terms)}) found
    cross join lateral (select * from read_model.audit one where one.position = found.position limit 1) a
    ${eventOf('a')} order by found.occurred_at ${terms.direction}, found.position ${terms.direction}`;
  return { text, values: terms.values, cursor };
}

/** Time and position of the events of a page. */
function pageOf(terms: SearchTerms): string {
  const { sessionId, text } = terms.query;
  if (sessionId !== undefined) return bySession(terms, sessionId);
  return text === undefined ? byOrder(terms) : byWords(terms, text);
}

function narrowed(agents: readonly string[] | null, agentId: string | undefined): readonly string[] | null {
  if (agentId === undefined) return agents;
  return agents === null || agents.includes(agentId) ? [agentId] : [];
}

/** The ledger's events, newest first. Throws a RangeError for a cursor that is none. */
export async function queryAudit(
  database: Database,
  query: AuditQuery,
  { source, agents = null }: AuditScope,
): Promise<List<CloudEvent>> {
  const { text, values, cursor } = auditStatement(query, { agents });
  const isBackward = cursor?.direction === 'newer';
  const found = await database.queryByIndex<RecordedEvent>(text, values);
  const hasMore = found.length > query.limit;
  const rows = found.slice(0, query.limit);
  if (isBackward) rows.reverse();
  return {
    items: rows.map((row) => toCloudEvent(row, source)),
    nextCursor: edge(rows.at(-1), 'older', isBackward || hasMore),
    prevCursor: edge(rows[0], 'newer', isBackward ? hasMore : cursor !== null),
  };
}

function edge(row: RecordedEvent | undefined, direction: AuditCursor['direction'], exists: boolean): string | null {
  return row && exists ? encodeCursor({ direction, time: row.time, position: row.position }) : null;
}
