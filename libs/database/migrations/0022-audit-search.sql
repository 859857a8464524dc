-- Audit searches of any filters are read in their order, from an index that ends in it, or from the words of the reasons.

-- What a search by words looks at: the reason's words, and the other filters in a form that no word has.
create function read_model.audit_words(p_reason text, p_agent_id uuid, p_type text, p_actor text)
returns text[] language plpgsql immutable parallel safe cost 1000
set search_path = pg_catalog, pg_temp
as $$
begin
  return array_remove(tsvector_to_array(to_tsvector('simple', p_reason))
    || array['agent=' || p_agent_id::text, 'type=' || p_type, 'actor=' || p_actor], null);
end $$;
revoke all on function read_model.audit_words from public;
grant execute on function read_model.audit_words to session_ledger_app;

-- Every type of event is a scan of its own, the newest of them are merged: so one index serves a filter with and without a type.
create function pg_temp.audit_search_indexes(p_table text) returns void language plpgsql as $$
begin
  execute format('drop index read_model.%I', p_table || '_occurred_at_position_idx');
  execute format('drop index read_model.%I', p_table || '_agent_id_occurred_at_position_idx');
  execute format('drop index read_model.%I', p_table || '_actor_occurred_at_position_idx');
  execute format('drop index read_model.%I', p_table || '_to_tsvector_idx');
  execute format('create index on read_model.%I (agent_id, type, occurred_at, position)', p_table);
  execute format('create index on read_model.%I (actor, type, occurred_at, position)', p_table);
  -- Agents and holders act for one agent each; who acts for many is looked for together with the agent.
  execute format('create index on read_model.%I (agent_id, actor, type, occurred_at, position)
                  where actor !~ ''^(agent|holder):''', p_table);
  execute format('create index on read_model.%I (occurred_at, position) where reason is not null', p_table);
  execute format('create index on read_model.%I using gin (read_model.audit_words(reason, agent_id, type, actor))
                  with (gin_pending_list_limit = 512) where reason is not null', p_table);
end $$;

-- A log of some length is folded anew beside the live table, batch by batch: an index built in here would hold up the sequencer.
do $$
declare
  v_table text;
begin
  perform pg_temp.audit_search_indexes('audit_template');
  for v_table in select 'audit_g' || g.generation from read_model.generation g where g.model = 'audit' and g.position = 0 loop
    perform pg_temp.audit_search_indexes(v_table);
  end loop;
  update read_model.generation g set rebuild_due = true where g.model = 'audit' and g.live and g.position > 0;
end $$;
