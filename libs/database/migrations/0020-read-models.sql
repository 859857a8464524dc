-- Read models: folded from the log by the projector, rebuilt beside the live one and swapped in one statement.
create schema read_model;
grant usage on schema read_model to session_ledger_app;

-- Generations of each read model and how far each has come. Exactly one is live.
create table read_model.generation (
  model text not null,
  generation int not null,
  position bigint not null,
  live boolean not null,
  -- Set to have the projector's operator told that a rebuild is due (the log was adopted).
  rebuild_due boolean not null default false,
  primary key (model, generation)
) with (fillfactor = 50);
create unique index generation_live on read_model.generation (model) where live;

-- Templates: the columns and indexes that every generation gets.
create table read_model.audit_template (
  position bigint primary key,
  occurred_at timestamptz not null,
  stream_id text not null,
  version bigint not null,
  agent_id uuid,
  session_id uuid,
  type text not null,
  actor text not null,
  reason text
);
create index on read_model.audit_template (occurred_at, position);
create index on read_model.audit_template (agent_id, occurred_at, position);
create index on read_model.audit_template (session_id, occurred_at, position);
create index on read_model.audit_template (type, occurred_at, position);
create index on read_model.audit_template (actor, occurred_at, position);
-- What an agent's update stream resumes by.
create index on read_model.audit_template (agent_id, position);
create index on read_model.audit_template using gin (to_tsvector('simple', reason)) where reason is not null;

create table read_model.current_token_template (
  session_id uuid primary key,
  agent_id uuid not null,
  agent_name text not null,
  status text not null,
  generation int not null,
  token_hash text not null,
  issued_at timestamptz not null,
  expires_at timestamptz not null,
  absolute_expires_at timestamptz not null,
  renewal_count int not null,
  max_renewals int,
  -- Trigger of a revocation or cause of an expiry; null while active.
  ended_by text,
  version bigint not null,
  changed_at timestamptz not null,
  changed_position bigint not null
) with (fillfactor = 80);
create index on read_model.current_token_template (changed_position);
create index on read_model.current_token_template (agent_id, session_id);

-- Makes an empty generation beside the live one. Drops what an unfinished rebuild left.
create function read_model.begin_rebuild(p_model text) returns int language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_old int;
  v_new int;
begin
  if to_regclass(format('read_model.%I', p_model || '_template')) is null then
    raise 'there is no read model %', p_model using errcode = 'LG010';
  end if;
  for v_old in select g.generation from read_model.generation g where g.model = p_model and not g.live loop
    execute format('drop table if exists read_model.%I', p_model || '_g' || v_old);
    delete from read_model.generation g where g.model = p_model and g.generation = v_old;
  end loop;
  select coalesce(max(g.generation), 0) + 1 into v_new from read_model.generation g where g.model = p_model;
  execute format('create table read_model.%I (like read_model.%I including all)',
                 p_model || '_g' || v_new, p_model || '_template');
  execute format('grant select, insert, update on read_model.%I to session_ledger_app', p_model || '_g' || v_new);
  insert into read_model.generation (model, generation, position, live) values (p_model, v_new, 0, false);
  return v_new;
end $$;

-- Makes a generation the live one, in the caller's transaction. Refused while it is behind.
create function read_model.swap(p_model text, p_generation int) returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_live bigint;
  v_new bigint;
begin
  select max(g.position) filter (where g.live), max(g.position) filter (where g.generation = p_generation)
  into v_live, v_new
  from (select * from read_model.generation r where r.model = p_model order by r.generation for update) g;
  if v_new is null or v_new < coalesce(v_live, 0) then
    raise 'generation % of % is at %, the live one at %', p_generation, p_model, v_new, v_live using errcode = 'LG011';
  end if;
  execute format('create or replace view read_model.%I as select * from read_model.%I',
                 p_model, p_model || '_g' || p_generation);
  update read_model.generation g set live = false where g.model = p_model and g.live;
  update read_model.generation g set live = true where g.model = p_model and g.generation = p_generation;
end $$;

do $$
declare
  m text;
begin
  foreach m in array array['audit', 'current_token'] loop
    perform read_model.swap(m, read_model.begin_rebuild(m));
    execute format('grant select on read_model.%I to session_ledger_app', m);
  end loop;
end $$;

revoke all on all functions in schema read_model from public;
grant execute on function read_model.begin_rebuild, read_model.swap to session_ledger_app;
grant select on read_model.generation to session_ledger_app;
grant update (position, rebuild_due) on read_model.generation to session_ledger_app;
