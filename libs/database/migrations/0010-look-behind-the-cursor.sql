-- ledger.sequence as in 0003 but for its look whether there is anything new: with statistics of a long log the planner joined from
-- the events' side and read all of them, each time. A subselect is read once and bounds the index.
create or replace function ledger.sequence(p_log text, p_limit int)
returns table (
  "position" bigint, stream_id text, version bigint, event_id text, type text, schema_version smallint, "time" text,
  actor text, request_id text, payload text, leaf text
) language plpgsql security definer
set search_path = pg_catalog, pg_temp
-- A plan made while the table was empty must not scan it once it is full.
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
  c ledger.sequencer;
  v_epoch int;
  v_started timestamptz;
begin
  select l.epoch, l.server_started_at into strict v_epoch, v_started from ledger.log l where l.log = p_log;
  if v_started <> pg_postmaster_start_time() then
    perform ledger.check_cluster();
    select l.epoch into strict v_epoch from ledger.log l where l.log = p_log;
  end if;
  -- A quiet log costs no write: a row lock would take a transaction id and a flush.
  perform from ledger.event e
  where (e.epoch, e.txid, e.seq) > (select s.epoch, s.txid, s.seq from ledger.sequencer s where s.log = p_log)
    and (e.epoch, e.txid) < (v_epoch, pg_snapshot_xmin(pg_current_snapshot()))
  limit 1;
  if not found then return; end if;

  select * into strict c from ledger.sequencer s where s.log = p_log for update;
  -- Below the horizon nothing can appear any more: every lower transaction id has ended. Earlier epochs have ended whole.
  return query
  with batch as materialized (
    select e.*, row_number() over (order by e.epoch, e.txid, e.seq) + c.position as pos
    from ledger.event e
    where (e.epoch, e.txid, e.seq) > (c.epoch, c.txid, c.seq)
      and (e.epoch, e.txid) < (v_epoch, pg_snapshot_xmin(pg_current_snapshot()))
    order by e.epoch, e.txid, e.seq
    limit p_limit
  ), inserted as (
    insert into ledger.entry (log, position, stream_id, version, leaf)
    select p_log, b.pos, b.stream_id, b.version, b.leaf from batch b order by b.pos
  ), moved as (
    update ledger.sequencer s set epoch = b.epoch, txid = b.txid, seq = b.seq, position = b.pos
    from (select * from batch order by pos desc limit 1) b
    where s.log = p_log
  )
  select b.pos, b.stream_id, b.version, b.event_id::text, b.type, b.schema_version,
    to_char(b.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    b.actor, b.request_id, b.payload, encode(b.leaf, 'hex')
  from batch b order by b.pos;
end $$;
