-- The oldest event without a position, found by one descent of the index. Without the lateral limit the planner reads the
-- index from its beginning in the hope of an early hit: once a second the whole log, when every event has its position.
create or replace function ledger.oldest_unsequenced(p_log text) returns double precision
language sql stable
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
  select extract(epoch from clock_timestamp() - o.occurred_at)
  from ledger.sequencer s cross join lateral (
    select e.occurred_at from ledger.event e
    where (e.epoch, e.txid, e.seq) > (s.epoch, s.txid, s.seq)
    order by e.epoch, e.txid, e.seq limit 1
  ) o
  where s.log = p_log
$$;
