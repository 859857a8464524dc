import { upcast, type RecordedEvent } from '#libs/contracts';
import type { StoredEvent } from '../types.js';

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

/** What is recorded of an event, but for its position: the columns of `ledger.event` (alias `v`). */
export const RECORDED_EVENT_COLUMNS = `
  v.stream_id as "streamId", v.version, v.event_id::text as id, v.type, v.schema_version as "schemaVersion",
  to_char(v.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as time,
  v.actor, v.request_id as "requestId", v.payload, encode(v.leaf, 'hex') as leaf`;

/** A row of those columns. */
export type RecordedEventRow = Omit<RecordedEvent, 'position'>;

/** Throws UnknownEvent when the event is newer than this code. */
export function storedEventOf<Row extends RecordedEventRow>(row: Row): Row & StoredEvent {
  const { type, schemaVersion, payload } = row;
  return { ...row, data: upcast({ type, schemaVersion, data: JSON.parse(payload) }) };
}
