import { LOG, type RecordedEvent } from '#libs/contracts';
import type { Database } from '#libs/database';
import type { EventStore, LogEntry, StoredEvent } from '../types.js';
import {
  entriesAfter,
  eventOf,
  RECORDED_EVENT_COLUMNS,
  storedEventOf,
  type RecordedEventRow,
} from './stored-events.js';

const READ_STREAM = `
  select ${RECORDED_EVENT_COLUMNS}
  from ledger.event v where v.stream_id = $1 and v.version >= $2 order by v.version limit $3`;

const READ_LOG = `
  select e.position, ${RECORDED_EVENT_COLUMNS}
  from ${entriesAfter('$1', '$2', '$3')} e ${eventOf('e')} order by e.position`;

const ALL = 1_000_000;

export async function readStream(
  database: Database,
  ...[streamId, { fromVersion = 1, limit = ALL } = {}]: Parameters<EventStore['readStream']>
): Promise<StoredEvent[]> {
  return (await readRecordedStream(database, streamId, { fromVersion, limit })).map(storedEventOf);
}

/** The rows as they are stored: nothing is parsed or upcast. */
export function readRecordedStream(
  database: Database,
  ...[streamId, { fromVersion = 1, limit = ALL } = {}]: Parameters<EventStore['readStream']>
): Promise<RecordedEventRow[]> {
  return database.prepared<RecordedEventRow>('ledger.readStream', READ_STREAM, [streamId, fromVersion, limit]);
}

export async function readLog(
  database: Database,
  ...[{ after, limit }]: Parameters<EventStore['readLog']>
): Promise<LogEntry[]> {
  const values = [LOG, after, limit];
  return (await database.prepared<RecordedEvent>('ledger.readLog', READ_LOG, values)).map(storedEventOf);
}
