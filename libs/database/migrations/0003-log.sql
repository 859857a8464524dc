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

-- Hash of every complete subtree of 256^level leaves. Derived from the entries; proofs and a restarted leader read few rows.
create table ledger.subtree (
  log text not null,
  level smallint not null check (level > 0),
  index bigint not null,
  hash bytea not null check (octet_length(hash) = 32),
  primary key (log, level, index)
);

-- Key of the log, apart from the tokens' keys. `sealed` is the private key, sealed.
create table ledger.log_key (
  key_id text primary key,
  origin text not null,
  public_key bytea not null,
  sealed bytea not null,
  created_at timestamptz not null default clock_timestamp(),
  retired_at timestamptz
);
create unique index log_key_current on ledger.log_key ((true)) where retired_at is null;

-- Signed tree heads: C2SP signed notes.
create table ledger.checkpoint (
  log text not null,
  size bigint not null,
  root bytea not null,
  signed_at timestamptz not null,
  note text not null,
  primary key (log, signed_at, size)
);

create function ledger.sequence(p_log text, p_limit int)
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
  perform from ledger.event e, ledger.sequencer s
  where s.log = p_log and (e.epoch, e.txid, e.seq) > (s.epoch, s.txid, s.seq)
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

create trigger append_only before update or delete on ledger.entry for each row execute function ledger.refuse_change();
create trigger append_only before update or delete on ledger.subtree for each row execute function ledger.refuse_change();
create trigger append_only before update or delete on ledger.checkpoint for each row execute function ledger.refuse_change();
create trigger no_truncate before truncate on ledger.entry for each statement execute function ledger.refuse_change();
create trigger no_truncate before truncate on ledger.subtree for each statement execute function ledger.refuse_change();
create trigger no_truncate before truncate on ledger.checkpoint for each statement execute function ledger.refuse_change();

-- Who holds the horizon: the oldest transaction with an id, of any database of the cluster. Null when nobody does.
create function ledger.horizon_holder()
returns table (pid int, application text, database text, state text, seconds double precision, query text)
language sql security definer
set search_path = pg_catalog, pg_temp
as $$
  (select a.pid, a.application_name, a.datname::text, a.state, extract(epoch from clock_timestamp() - a.xact_start),
     left(a.query, 200)
   from pg_stat_activity a where a.backend_xid is not null and a.pid <> pg_backend_pid()
   order by age(a.backend_xid) desc limit 1)
  union all
  select null, 'prepared transaction ' || p.gid, p.database::text, 'prepared',
    extract(epoch from clock_timestamp() - p.prepared), null
  from pg_prepared_xacts p
  order by 5 desc limit 1
$$;

-- How long the oldest event has waited for its position, seconds. Null when none waits.
create function ledger.oldest_unsequenced(p_log text) returns double precision
language sql stable
set enable_seqscan = off
as $$
  select extract(epoch from clock_timestamp() - e.occurred_at)
  from ledger.sequencer s, ledger.event e
  where s.log = p_log and (e.epoch, e.txid, e.seq) > (s.epoch, s.txid, s.seq)
  order by e.epoch, e.txid, e.seq limit 1
$$;

revoke all on all functions in schema ledger from public;
grant execute on function ledger.horizon_holder, ledger.oldest_unsequenced to session_ledger_app;
grant execute on function ledger.sequence to session_ledger_app;
grant select on all tables in schema ledger to session_ledger_app;
grant insert on ledger.subtree, ledger.checkpoint, ledger.log_key to session_ledger_app;
grant update (retired_at) on ledger.log_key to session_ledger_app;

-- Where the relay refuses to publish because stream and store tell different histories, and the owner's word to go on.
create table ledger.relay (
  log text primary key references ledger.log,
  -- What was found; null while all is well.
  forked text,
  adopt_requested boolean not null default false
);
insert into ledger.relay (log) values ('main');
grant select, update on ledger.relay to session_ledger_app;
