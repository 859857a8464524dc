import { LOG, type RecordedEvent } from '#libs/contracts';
import type { Database } from '#libs/database';
import type { LogEntry } from '../types.js';
import { RECORDED_EVENT_COLUMNS, storedEventOf } from './stored-events.js';

const read = (comparison: '>' | '<', order: 'asc' | 'desc') => `
  select e.position, ${RECORDED_EVENT_COLUMNS}
  from ledger.event v join ledger.entry e using (stream_id, version)
  where v.stream_id = $1 and e.log = $2 and v.version ${comparison} $3 order by v.version ${order} limit $4`;

/** Events of one stream that have their place in the log, in version order, after or before a version. */
export async function readStreamWithPositions(
  database: Database,
  streamId: string,
  { version, direction, limit }: { version: number; direction: 'after' | 'before'; limit: number },
): Promise<LogEntry[]> {
  const forwards = direction === 'after';
  const rows = await database.prepared<RecordedEvent>(
    `ledger.stream-${direction}`,
    forwards ? read('>', 'asc') : read('<', 'desc'),
    [streamId, LOG, version, limit],
  );
  const entries = rows.map(storedEventOf);
  return forwards ? entries : entries.reverse();
}
