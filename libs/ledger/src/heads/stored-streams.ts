import type { Database } from '#libs/database';
import { RECORDED_EVENT_COLUMNS, storedEventOf, type RecordedEventRow } from '../read/stored-events.js';
import type { StoredEvent } from '../types.js';

/**
 * SQL for the version that a stream has come to by its events. To be read in one statement with the head: an older head, put
 * back whole, agrees with the events up to its own version.
 */
export function eventVersionOf(streamId: string): string {
  return `coalesce((select max(e.version) from ledger.event e where e.stream_id = ${streamId}), 0)`;
}

/** Events of several streams in version order, as a check reads them; null for a stream that holds one which cannot be read. */
export async function storedStreams(
  database: Database,
  streamIds: readonly string[],
): Promise<Map<string, StoredEvent[] | null>> {
  const streams = new Map<string, StoredEvent[] | null>();
  const rows = await database.prepared<RecordedEventRow>(
    'heads.streams',
    `select ${RECORDED_EVENT_COLUMNS} from ledger.event v where v.stream_id = any($1) order by v.stream_id, v.version`,
    [streamIds],
  );
  for (const row of rows) {
    const known = streams.get(row.streamId);
    if (known === null) continue;
    const event = readable(row);
    if (event === null) streams.set(row.streamId, null);
    else if (known) known.push(event);
    else streams.set(row.streamId, [event]);
  }
  return streams;
}

/** An event that was altered, or that a newer version recorded, is a finding and ends no check. */
function readable(row: RecordedEventRow): StoredEvent | null {
  try {
    return storedEventOf(row);
  } catch {
    return null;
  }
}
