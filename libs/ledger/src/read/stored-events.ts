import { upcast, type EventType } from '#libs/contracts';
import type { LogEntry, StoredEvent } from '../types.js';

/**
 * Joins the event (alias `v`) of a row that names its stream and version. The limit keeps it a look-up by key for each row:
 * on a table without statistics the planner would rather hash the whole of it.
 */
export function eventOf(alias: string): string {
  return `join lateral (
    select * from ledger.event one where one.stream_id = ${alias}.stream_id and one.version = ${alias}.version limit 1
  ) v on true`;
}

/**
 * The next entries of a log, by position. Limited before anything is joined: without statistics the planner would rather
 * look up the event of every entry, and sort, and only then take so many.
 */
export function entriesAfter(log: string, position: string, limit: string): string {
  return `(select * from ledger.entry where log = ${log} and position > ${position} order by position limit ${limit})`;
}

/** Columns of `ledger.event` (alias `v`) that make a StoredEvent. */
export const STORED_EVENT_COLUMNS = `
  v.stream_id, v.version, v.event_id::text, v.type, v.schema_version,
  to_char(v.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as time,
  v.actor, v.request_id, v.payload, encode(v.leaf, 'hex') as leaf`;

export interface StoredEventRow extends Record<string, unknown> {
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

/** Throws UnknownEvent when the event is newer than this code. */
export function storedEventOf(row: StoredEventRow): StoredEvent {
  const { type, schema_version: schemaVersion, payload } = row;
  return {
    streamId: row.stream_id,
    version: row.version,
    id: row.event_id,
    type: type as EventType,
    schemaVersion,
    time: row.time,
    actor: row.actor,
    requestId: row.request_id,
    payload,
    data: upcast({ type, schemaVersion, data: JSON.parse(payload) }),
    leaf: row.leaf,
  };
}

export function logEntryOf(row: StoredEventRow & { position: number }): LogEntry {
  return { ...storedEventOf(row), position: row.position };
}
