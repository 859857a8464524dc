-- The event store. Runs as the owner of the schema; the application works under session_ledger_app.
create schema ledger;

do $$
begin
  if not exists (select from pg_roles where rolname = 'session_ledger_app') then
    create role session_ledger_app nologin;
  end if;
  execute format('grant session_ledger_app to %I', current_user);
end $$;

grant usage on schema ledger to session_ledger_app;

-- One row per log, read by every append and changed only after a start of the server.
create table ledger.log (
  log text primary key,
  epoch int not null,
  -- Transaction ids below this one belong to the cluster of an earlier epoch.
  floor_txid xid8 not null,
  system_identifier text not null,
  -- Start of the server that the identifier was read from: another start, and it is read again.
  server_started_at timestamptz not null
);
insert into ledger.log
select 'main', 1, '0', system_identifier::text, pg_postmaster_start_time() from pg_control_system();

-- One row per stream: its version and the head of its hash chain.
create table ledger.stream (
  stream_id text primary key,
  version bigint not null,
  head bytea not null,
  -- Time of the newest event, epoch microseconds: time never goes back within a stream.
  occurred_micros bigint not null
) with (fillfactor = 80);

-- Append-only. `payload` is canonical JSON: the very bytes that the leaf covers.
create table ledger.event (
  seq bigint generated always as identity,
  epoch int not null,
  txid xid8 not null default pg_current_xact_id(),
  stream_id text not null,
  version bigint not null,
  event_id uuid not null,
  type text not null,
  schema_version smallint not null,
  occurred_at timestamptz not null,
  actor text not null,
  request_id text not null,
  payload text not null,
  leaf bytea not null,
  primary key (stream_id, version)
);
create index event_order on ledger.event (epoch, txid, seq);

-- The write model that every authentication reads. Times are epoch seconds.
create table ledger.session_head (
  session_id uuid primary key,
  agent_id uuid not null,
  agent_name text not null,
  status text not null,
  version bigint not null,
  generation int not null,
  token_header text not null,
  token_payload text not null,
  token_hash text not null,
  expires_in bigint not null,
  issued_at bigint not null,
  expires_at bigint not null,
  absolute_expires_at bigint not null,
  max_renewals int,
  renewal_count int not null,
  renewal_reject_window bigint not null,
  reject_window_ends_at bigint,
  previous_token_accepted boolean not null,
  constraints jsonb not null,
  reason text,
  labels jsonb not null,
  created_at bigint not null,
  expiring_soon_announced boolean not null,
  overdue_generation int,
  -- When the sweep must look again; null once the session has ended.
  due_at bigint
) with (fillfactor = 80);
create index session_head_due on ledger.session_head (due_at, session_id) where due_at is not null;
create index session_head_agent on ledger.session_head (agent_id, session_id);
create index session_head_newest on ledger.session_head (created_at, session_id);

create table ledger.agent_head (
  agent_id uuid primary key,
  name text not null unique,
  enabled boolean not null,
  default_constraints jsonb not null,
  created_at bigint not null,
  version bigint not null
);

create table ledger.holder_head (
  holder_id uuid primary key,
  agent_id uuid not null,
  session_id uuid not null,
  name text not null,
  signing_key jsonb not null,
  sealing_key jsonb not null,
  created_at bigint not null,
  removed_at bigint
);
create index holder_head_session on ledger.holder_head (session_id) where removed_at is null;
create index holder_head_agent on ledger.holder_head (agent_id);

create table ledger.kill_switch (
  only_row boolean primary key default true check (only_row),
  active boolean not null,
  reason text,
  changed_at bigint not null
);
insert into ledger.kill_switch (active, changed_at) values (false, 0);

-- Idempotency: the first answer to a command, found again by (scope, key).
create table ledger.receipt (
  scope text not null,
  key text not null,
  fingerprint bytea not null,
  streams jsonb not null,
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (scope, key)
);
