import type { Database } from '#libs/database';
import type { HeadDifference } from './head-difference.js';

/** Streams by their first event: whoever takes a head away may take the stream's own row as well. */
const STREAMS = `
  select v.stream_id,
    case
      when v.stream_id ~ '^session:[0-9a-f-]{36}$' then exists (select from ledger.session_head where session_id = substr(v.stream_id, 9)::uuid)
      when v.stream_id ~ '^agent:[0-9a-f-]{36}$' then exists (select from ledger.agent_head where agent_id = substr(v.stream_id, 7)::uuid)
      else v.stream_id !~ '^(session|agent):' end as has_head
  from ledger.event v where v.stream_id > $1 and v.version = 1 order by v.stream_id limit $2`;

interface Row extends Record<string, unknown> {
  stream_id: string;
  has_head: boolean;
}

/** Looks at the next so many streams; answers those of sessions and agents that have no head, and the last stream that was looked at. */
export async function missingHeadsAfter(
  database: Database,
  after: string,
  limit: number,
): Promise<{ differing: HeadDifference[]; last: string | null }> {
  const rows = await database.query<Row>(STREAMS, [after, limit]);
  const differing = rows
    .filter(({ has_head }) => !has_head)
    .map(({ stream_id: streamId }): HeadDifference => {
      const [kind = '', id = ''] = streamId.split(':');
      return { kind: kind === 'agent' ? 'agent' : 'session', id, fields: ['missing'] };
    });
  return { differing, last: rows.length === limit ? (rows.at(-1)?.stream_id ?? null) : null };
}
