import { sessionStream } from '#libs/contracts';
import type { PoolClient } from '#libs/database';
import type { SendDecision } from './decide-at-send.js';
import type { DueRow } from './due-rows.js';

/** The event that made each alert moot, by delivery. */
export async function supersedingEvents(
  client: PoolClient,
  dropped: { row: DueRow; decision: SendDecision }[],
): Promise<Map<string, string>> {
  const moot = dropped.flatMap(({ row, decision }) =>
    decision.do === 'supersede' && row.session_id !== null
      ? [{ id: row.delivery_id, stream: sessionStream(row.session_id), ended: decision.because === 'ended' }]
      : [],
  );
  if (moot.length === 0) return new Map();
  const { rows } = await client.query<{ id: string; event_id: string }>(
    `select m.id, e.event_id from unnest($1::uuid[], $2::text[], $3::boolean[]) as m (id, stream_id, ended)
     cross join lateral (
       select event_id from ledger.event e where e.stream_id = m.stream_id
         and e.type = any (case when m.ended then array['SessionRevoked', 'SessionExpired'] else array['SessionRenewed'] end)
       order by version desc limit 1) e`,
    [moot.map(({ id }) => id), moot.map(({ stream }) => stream), moot.map(({ ended }) => ended)],
  );
  return new Map(rows.map((row) => [row.id, row.event_id]));
}
