import { LOG, type RecordedEvent } from '#libs/contracts';
import type { ClientBase, Database } from '#libs/database';
import { entriesAfter, eventOf, RECORDED_EVENT_COLUMNS } from '../read/stored-events.js';

/** The function answers what it has written as it is to be shown. */
const SEQUENCE = `
  select position, stream_id as "streamId", version, event_id as id, type, schema_version as "schemaVersion", time, actor,
    request_id as "requestId", payload, leaf
  from ledger.sequence($1, $2)`;

const READ_RECORDED = `
  select e.position, ${RECORDED_EVENT_COLUMNS}
  from ${entriesAfter('$1', '$2', '$3')} e ${eventOf('e')} order by e.position`;

/** Who keeps new events from getting their position. */
export interface HorizonHolder {
  pid: number | null;
  application: string;
  database: string;
  state: string;
  seconds: number;
  /** The first 200 characters; null where the role may not see it. */
  query: string | null;
}

/** Gives the next events their position, on the leader's own connection. Answers them once that is committed. */
export async function sequence(client: ClientBase, limit: number): Promise<RecordedEvent[]> {
  return (await client.query<RecordedEvent>({ name: 'log.sequence', text: SEQUENCE, values: [LOG, limit] })).rows;
}

/** Events of the log by position, exclusive of `after`, as recorded: nothing is upcast. */
export function readRecorded(database: Database, after: number, limit: number): Promise<RecordedEvent[]> {
  return database.prepared<RecordedEvent>('log.readRecorded', READ_RECORDED, [LOG, after, limit]);
}

/** Position of the last event that has one; 0 in an empty log. */
export async function lastPosition(database: Database): Promise<number> {
  const text = 'select position from ledger.sequencer where log = $1';
  const [row] = await database.prepared<{ position: number }>('log.lastPosition', text, [LOG]);
  return row?.position ?? 0;
}

/** First position whose event is not older than `seconds`; last position + 1 when all are. */
export async function positionSince(database: Database, seconds: number): Promise<number> {
  const text = `
    select v.occurred_at >= clock_timestamp() - $3 * interval '1 second' as young
    from ledger.entry e join ledger.event v using (stream_id, version) where e.log = $1 and e.position = $2`;
  let low = 1;
  let high = (await lastPosition(database)) + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [row] = await database.prepared<{ young: boolean }>('log.isYoung', text, [LOG, middle, seconds]);
    if (row?.young) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Seconds that the oldest event has waited for its position; null when none waits. */
export async function oldestUnsequenced(database: Database): Promise<number | null> {
  const text = 'select ledger.oldest_unsequenced($1) as seconds';
  const [row] = await database.prepared<{ seconds: number | null }>('log.oldestUnsequenced', text, [LOG]);
  return row?.seconds ?? null;
}

/** The oldest transaction that holds the horizon, of any database of the cluster; null when none does. */
export async function horizonHolder(database: Database): Promise<HorizonHolder | null> {
  const rows = await database.query<HorizonHolder & Record<string, unknown>>('select * from ledger.horizon_holder()');
  return rows[0] ?? null;
}
