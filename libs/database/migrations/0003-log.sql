-- The log: dense positions given after commit by the sequencer, its hash tree and its signed checkpoints.

-- How far the log has come. One row per log; the leader updates it with every batch.
create table ledger.sequencer (
  log text primary key references ledger.log,
  epoch int not null,
  txid xid8 not null,
  seq bigint not null,
  position bigint not null
) with (fillfactor = 10);
insert into ledger.sequencer values ('main', 1, '0', 0, 0);

-- Position of every event. Append-only. The leaf is here too: the tree is built from a range scan.
create table ledger.entry (
  log text not null,
  position bigint not null,
  stream_id text not null,
  version bigint not null,
  leaf bytea not null,
  primary key (log, position)
);
create unique index entry_event on ledger.entry (stream_id, version);

-- Full tiles of the tree above the leaves (C2SP tlog-tiles: 256 hashes of a level in one row). Derived from the entries.
create table ledger.tile (
  log text not null,
  level smallint not null check (level > 0),
  index bigint not null,
  hashes bytea not null check (octet_length(hashes) = 8192),
  primary key (log, level, index)
);

-- Signed tree heads: C2SP signed notes.
create table ledger.checkpoint (
  log text not null,
  size bigint not null,
  root bytea not null,
  signed_at timestamptz not null,
  note text not null,
  primary key (log, size, signed_at)
);

create function ledger.sequence(p_log text, p_limit int)
returns table (
  "position" bigint, stream_id text, version bigint, event_id text, type text, schema_version smallint, "time" text,
  actor text, request_id text, payload text, leaf bytea
) language plpgsql security definer
set search_path = pg_catalog, pg_temp
-- A plan made while the table was empty must not scan it once it is full.
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
  c ledger.sequencer;
  v_epoch int;
begin
  select * into strict c from ledger.sequencer s where s.log = p_log for update;
  select l.epoch into strict v_epoch from ledger.log l where l.log = p_log;
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
    b.actor, b.request_id, b.payload, b.leaf
  from batch b order by b.pos;
end $$;

create trigger append_only before update or delete on ledger.entry for each row execute function ledger.refuse_change();
create trigger append_only before update or delete on ledger.tile for each row execute function ledger.refuse_change();
create trigger append_only before update or delete on ledger.checkpoint for each row execute function ledger.refuse_change();
create trigger no_truncate before truncate on ledger.entry for each statement execute function ledger.refuse_change();
create trigger no_truncate before truncate on ledger.tile for each statement execute function ledger.refuse_change();
create trigger no_truncate before truncate on ledger.checkpoint for each statement execute function ledger.refuse_change();

revoke all on all functions in schema ledger from public;
grant execute on function ledger.sequence to session_ledger_app;
grant select on all tables in schema ledger to session_ledger_app;
grant insert on ledger.tile, ledger.checkpoint to session_ledger_app;
