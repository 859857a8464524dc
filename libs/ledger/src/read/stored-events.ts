import { type EventType } from '#libs/contracts';
import { type LogEntry, type StoredEvent } from '../types.js';
import { upcast } from './upcast.js';

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

export function storedEventOf(row: StoredEventRow): StoredEvent {
  const { type, schemaVersion, data } = upcast(row.type as EventType, row.schema_version, JSON.parse(row.payload));
  return {
    streamId: row.stream_id,
    version: row.version,
    id: row.event_id,
    type,
    schemaVersion,
    time: row.time,
    actor: row.actor,
    requestId: row.request_id,
    payload: row.payload,
    data,
    leaf: row.leaf,
  };
}

export function logEntryOf(row: StoredEventRow & { position: number }): LogEntry {
  return { ...storedEventOf(row), position: row.position };
}
