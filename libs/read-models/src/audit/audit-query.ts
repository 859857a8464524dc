import { toCloudEvent, type AuditQuery, type CloudEvent, type EventType, type List } from '#libs/contracts';
import type { Database } from '#libs/database';
import { eventOf } from '#libs/ledger';
import type { RecordedEvent } from '#libs/contracts';
import { decodeCursor, encodeCursor, type AuditCursor } from './audit-cursor.js';
import { byOrder } from './search/by-order.js';
import { bySession } from './search/by-session.js';
import { byWords } from './search/by-words.js';
import { SearchTerms } from './search/search-terms.js';

interface Row extends Record<string, unknown> {
  position: number;
  stream_id: string;
  version: number;
  event_id: string;
  type: string;
  schema_version: number;
  time: string;
  actor: string;
  request_id: string;
  payload: string;
  leaf: string;
}

const COLUMNS = `
  a.position, a.stream_id, a.version, v.event_id::text, v.type, v.schema_version, v.actor, v.request_id, v.payload,
  to_char(a.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as time, encode(v.leaf, 'hex') as leaf`;

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
  const direction = cursor?.direction === 'newer' ? 'asc' : 'desc';
  const text = `
    select ${COLUMNS}
    from (${pageOf(terms)}) found join read_model.audit a using (position) ${eventOf('a')}
    order by a.occurred_at ${direction}, a.position ${direction}`;
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
  const found = await database.query<Row>(text, values);
  const hasMore = found.length > query.limit;
  const rows = found.slice(0, query.limit);
  if (isBackward) rows.reverse();
  return {
    items: rows.map((row) => toCloudEvent(recordedEventOf(row), source)),
    nextCursor: edge(rows.at(-1), 'older', isBackward || hasMore),
    prevCursor: edge(rows[0], 'newer', isBackward ? hasMore : cursor !== null),
  };
}

function edge(row: Row | undefined, direction: AuditCursor['direction'], exists: boolean): string | null {
  return row && exists ? encodeCursor({ direction, time: row.time, position: row.position }) : null;
}

function recordedEventOf(row: Row): RecordedEvent {
  return {
    position: row.position,
    streamId: row.stream_id,
    version: row.version,
    id: row.event_id,
    type: row.type as EventType,
    schemaVersion: row.schema_version,
    time: row.time,
    actor: row.actor,
    requestId: row.request_id,
    payload: row.payload,
    leaf: row.leaf,
  };
}
