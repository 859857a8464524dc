import { LOG, type ServerStatus } from '#libs/contracts';
import type { Database } from '#libs/database';

// Counting stops early: an operator needs to know that many wait, not how many.
export const LOG_STATE = `
select s.position, w.waiting, extract(epoch from clock_timestamp() - w.oldest)::float8 as waiting_seconds,
       coalesce(c.size, 0) as checkpoint_size, c.signed_at
from ledger.sequencer s
cross join lateral (
  select count(*) as waiting, min(occurred_at) as oldest from (
    select occurred_at from ledger.event e
    where (e.epoch, e.txid, e.seq) > (s.epoch, s.txid, s.seq)
    order by e.epoch, e.txid, e.seq limit 10000
  ) late
) w
left join lateral (
  select size, signed_at from ledger.checkpoint where log = s.log order by size desc, signed_at desc limit 1
) c on true
where s.log = $1`;

interface LogRow extends Record<string, unknown> {
  position: number;
  waiting: number;
  waiting_seconds: number | null;
  checkpoint_size: number;
  signed_at: Date | null;
}

export async function logState(database: Database): Promise<ServerStatus['log']> {
  const [row] = await database.query<LogRow>(LOG_STATE, [LOG]);
  return {
    position: row?.position ?? 0,
    waiting: row?.waiting ?? 0,
    waitingSeconds: row?.waiting_seconds ?? null,
    checkpointSize: row?.checkpoint_size ?? 0,
    checkpointAt: row?.signed_at?.toISOString() ?? null,
  };
}

const READERS = `
select 'notifier' as name, position from deliveries.checkpoint where consumer = 'notifier'
union all
select 'read model ' || model, position from read_model.generation where live
order by name`;

/** How far the readers of the log have come, each by its own checkpoint. */
export async function readerStates(database: Database): Promise<ServerStatus['readers']> {
  return database.query<{ name: string; position: number }>(READERS);
}
