-- Channels, notifications, deliveries and their attempts.
create schema deliveries;
grant usage on schema deliveries to session_ledger_app;

create table deliveries.channel (
  channel_id uuid primary key,
  type text not null check (type in ('telegram', 'email', 'webhook')),
  name text not null,
  events text[],
  -- 0 INFO, 1 WARNING, 2 CRITICAL
  min_level smallint not null default 0,
  agents uuid[],
  priority int not null default 100,
  enabled boolean not null default true,
  source text not null default 'api' check (source in ('api', 'configuration')),
  -- Sealed JSON; null once the channel is deleted.
  config bytea,
  -- Moves with every change, so that a running notifier opens the new configuration.
  version int not null default 1,
  created_at timestamptz not null default clock_timestamp(),
  deleted_at timestamptz,
  -- What claimers read: pause (429, Retry-After), breaker, and a stop that only a success or the owner ends.
  paused_until timestamptz,
  failures int not null default 0,
  failing_since timestamptz,
  open_until timestamptz,
  stopped_reason text,
  succeeded_at timestamptz,
  -- Last synthetic message through the real path, and last time that trouble was told through the other channels.
  canary_at timestamptz not null default clock_timestamp(),
  told_at timestamptz
);
create unique index channel_name on deliveries.channel (name) where deleted_at is null;

-- What must be told, once for each event and stage.
create table deliveries.notification (
  notification_id uuid primary key,
  event_id uuid not null,
  -- `alert`, `reminder`, `withdrawn`, `test`, `canary` or `trouble`
  stage text not null,
  event_type text not null,
  level smallint not null,
  agent_id uuid,
  session_id uuid,
  generation int,
  position bigint,
  -- The CloudEvent, byte for byte what webhooks carry.
  envelope text not null,
  deadline timestamptz not null,
  created_at timestamptz not null default clock_timestamp(),
  unique (event_id, stage)
);
create index notification_session on deliveries.notification (session_id, event_type) where session_id is not null;

create table deliveries.delivery (
  delivery_id uuid primary key,
  notification_id uuid not null references deliveries.notification,
  channel_id uuid not null references deliveries.channel,
  recipient text not null,
  status text not null default 'pending'
    check (status in ('pending', 'attempting', 'delivered', 'retry', 'unknown', 'superseded', 'suppressed', 'dead')),
  detail text,
  -- Null: told whatever the others do. Else its turn: it starts when those before it fail or the time runs short, and the
  -- first success ends the round.
  rank smallint,
  attempts int not null default 0,
  unknowns int not null default 0,
  -- When it is due: for an attempt under way, the end of its lease; null when it is over or travels with another.
  next_attempt_at timestamptz,
  deadline timestamptz not null,
  -- Raised at each claim: an outcome that comes with an older one is late and changes nothing.
  fence bigint not null default 0,
  -- The delivery whose message carries this one (a digest); itself for the carrier.
  carrier_id uuid,
  -- The message as it was rendered for the first attempt.
  content jsonb,
  -- What the far side calls the message (Telegram's message id), to edit it later.
  remote_ref text,
  superseded_by uuid,
  created_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  unique (notification_id, channel_id, recipient)
) with (fillfactor = 80);
-- Claimers read these two in order: first attempts, and all others.
create index delivery_first on deliveries.delivery (channel_id, next_attempt_at)
  where next_attempt_at is not null and attempts = 0;
create index delivery_again on deliveries.delivery (channel_id, next_attempt_at)
  where next_attempt_at is not null and attempts > 0;
create index delivery_deadline on deliveries.delivery (deadline) where next_attempt_at is not null;
create index delivery_carrier on deliveries.delivery (carrier_id) where carrier_id is not null;
create index delivery_channel on deliveries.delivery (channel_id, delivery_id);
create index delivery_status on deliveries.delivery (status, delivery_id);

-- One row before each socket write, completed by its outcome. An open row of a dead worker means: it may have arrived.
create table deliveries.attempt (
  delivery_id uuid not null,
  number int not null,
  fence bigint not null,
  started_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  outcome text check (outcome in ('delivered', 'failed', 'unknown')),
  -- Class of a failure (`timeout`, `tls`, `http_5xx`, …): few values, a metric's label.
  reason text,
  detail text,
  primary key (delivery_id, number)
) with (fillfactor = 80);

-- Pause and token bucket of something that several channels share (a bot, a chat).
create table deliveries.gate (
  gate text primary key,
  tokens double precision not null,
  refilled_at timestamptz not null default clock_timestamp(),
  paused_until timestamptz
);

-- Announced sessions whose last hours deserve one reminder.
create table deliveries.reminder (
  session_id uuid primary key,
  event_id uuid not null,
  causes text[] not null,
  announced_end bigint not null,
  due_at timestamptz not null
);
create index reminder_due on deliveries.reminder (due_at);

-- The owner's wish not to hear of something for a while.
create table deliveries.silence (
  silence_id uuid primary key,
  -- Null = everything.
  agent_id uuid,
  session_id uuid,
  -- `snooze` puts alerts off until the end, `silence` drops them.
  mode text not null check (mode in ('snooze', 'silence')),
  reason text,
  created_by text not null,
  created_at timestamptz not null default clock_timestamp(),
  ends_at timestamptz not null
);
create index silence_end on deliveries.silence (ends_at);

-- How far the log has been taken in. Its own row keeps a replay silent even when all other tables are emptied.
create table deliveries.checkpoint (
  consumer text primary key,
  position bigint not null
);
insert into deliveries.checkpoint (consumer, position) values ('notifier', 0);

grant select, insert, update, delete on all tables in schema deliveries to session_ledger_app;

-- Takes up to `want` tokens of a gate; 0 while it is paused or empty.
create function deliveries.take(gate_name text, want int, capacity double precision, per_second double precision)
returns int language plpgsql as $$
declare
  held deliveries.gate;
  available double precision;
  granted int;
begin
  insert into deliveries.gate (gate, tokens) values (gate_name, capacity) on conflict do nothing;
  select * into held from deliveries.gate where gate = gate_name for update;
  if held.paused_until > clock_timestamp() then
    return 0;
  end if;
  available := least(capacity, held.tokens
    + greatest(0, extract(epoch from clock_timestamp() - held.refilled_at)) * per_second);
  granted := least(want, floor(available)::int);
  update deliveries.gate set tokens = available - granted, refilled_at = clock_timestamp() where gate = gate_name;
  return granted;
end $$;
grant execute on function deliveries.take to session_ledger_app;
