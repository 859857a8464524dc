-- Words of the reasons as bit maps over the log: a search by words joins maps, and reads only the events of its page.

-- Templates: the columns and indexes that every generation of the audit read model gets.
create table read_model.audit_word_template (
  -- A word of a reason, or another filter in a form that no word has: what audit_words answers.
  word text collate "C" not null,
  -- 1,024 positions each; stretch n begins at n * 1,024.
  stretch int not null,
  -- Times of the stretch's events that have the word.
  first_at timestamptz not null,
  last_at timestamptz not null,
  -- Which of its positions they have.
  events bit(1024) not null,
  primary key (word, stretch)
) with (fillfactor = 80);

-- Tables of a read model's generation, in the order that readers take them in.
create function read_model.tables_of(p_model text) returns text[] language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select case p_model when 'audit' then array['audit_word', 'audit'] when 'current_token' then array['current_token'] end
$$;

-- As before, with every table of the model.
create or replace function read_model.begin_rebuild(p_model text) returns int language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_tables text[] := read_model.tables_of(p_model);
  v_table text;
  v_old int;
  v_new int;
begin
  if v_tables is null then raise 'there is no read model %', p_model using errcode = 'LG010'; end if;
  for v_old in select g.generation from read_model.generation g where g.model = p_model and not g.live loop
    foreach v_table in array v_tables loop
      execute format('drop table if exists read_model.%I', v_table || '_g' || v_old);
    end loop;
    delete from read_model.generation g where g.model = p_model and g.generation = v_old;
  end loop;
  select coalesce(max(g.generation), 0) + 1 into v_new from read_model.generation g where g.model = p_model;
  foreach v_table in array v_tables loop
    execute format('create table read_model.%I (like read_model.%I including all)',
                   v_table || '_g' || v_new, v_table || '_template');
    execute format('grant select, insert, update on read_model.%I to session_ledger_app', v_table || '_g' || v_new);
  end loop;
  insert into read_model.generation (model, generation, position, live) values (p_model, v_new, 0, false);
  return v_new;
end $$;

-- As before, with every table of the model.
create or replace function read_model.swap(p_model text, p_generation int) returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_table text;
  v_live bigint;
  v_new bigint;
begin
  select max(g.position) filter (where g.live and not g.rebuild_due), max(g.position) filter (where g.generation = p_generation)
  into v_live, v_new
  from (select * from read_model.generation r where r.model = p_model order by r.generation for update) g;
  if v_new is null or v_new < coalesce(v_live, 0) then
    raise 'generation % of % is at %, the live one at %', p_generation, p_model, v_new, v_live using errcode = 'LG011';
  end if;
  foreach v_table in array read_model.tables_of(p_model) loop
    execute format('create or replace view read_model.%I as select * from read_model.%I',
                   v_table, v_table || '_g' || p_generation);
  end loop;
  update read_model.generation g set live = false where g.model = p_model and g.live;
  update read_model.generation g set live = true where g.model = p_model and g.generation = p_generation;
end $$;

create function pg_temp.audit_indexes(p_table text) returns void language plpgsql as $$
declare
  v_index text;
begin
  -- The words' own index, the one of all reasons, and the one of sessions.
  for v_index in
    select i.indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am m on m.oid = c.relam
    where i.indrelid = format('read_model.%I', p_table)::regclass
      and (i.indpred is not null and pg_get_expr(i.indpred, i.indrelid) = '(reason IS NOT NULL)'
        or pg_get_indexdef(i.indexrelid) like '% USING btree (session_id, occurred_at, "position")')
  loop
    execute 'drop index ' || v_index;
  end loop;
  -- A session may have many events and has few actors: each of its types and actors is a scan of its own.
  execute format('create index on read_model.%I (session_id, type, actor, occurred_at, position)', p_table);
  execute format('create index on read_model.%I (session_id, occurred_at, position) where reason is not null', p_table);
  -- Whoever may see many agents asks for each of them.
  execute format('create index on read_model.%I (agent_id, occurred_at, position)', p_table);
end $$;

-- A log of some length is folded anew beside the live table, batch by batch: an index built in here would hold up the sequencer.
-- Until that is swapped in, its words are made when they are asked for: slow, and right.
do $$
declare
  v_live read_model.generation;
begin
  perform pg_temp.audit_indexes('audit_template');
  select * into strict v_live from read_model.generation g where g.model = 'audit' and g.live;
  if v_live.position = 0 then
    perform pg_temp.audit_indexes('audit_g' || v_live.generation);
    execute format('create table read_model.%I (like read_model.audit_word_template including all)',
                   'audit_word_g' || v_live.generation);
    execute format('grant select, insert, update on read_model.%I to session_ledger_app', 'audit_word_g' || v_live.generation);
    execute format('create view read_model.audit_word as select * from read_model.%I', 'audit_word_g' || v_live.generation);
  else
    execute format('create view read_model.audit_word as
      select w.word collate "C" as word, (a.position / 1024)::int as stretch, min(a.occurred_at) as first_at,
        max(a.occurred_at) as last_at, bit_or(set_bit(0::bit(1024), (a.position %% 1024)::int, 1))::bit(1024) as events
      from read_model.%I a, unnest(read_model.audit_words(a.reason, a.agent_id, a.type, a.actor)) w (word)
      where a.reason is not null group by 1, 2', 'audit_g' || v_live.generation);
    update read_model.generation g set rebuild_due = true where g.model = 'audit' and g.live;
  end if;
end $$;
grant select on read_model.audit_word to session_ledger_app;

revoke all on function read_model.tables_of from public;
