-- After a fork the store's history was adopted: readers may have taken in events that only the stream had.

-- Position up to which both histories are the same. Read models fold everything anew; who only remembers how far it came
-- goes back to there.
create function read_model.adopt_log(p_shared bigint) returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  update read_model.generation g set rebuild_due = true where g.live;
  update deliveries.checkpoint c set position = least(c.position, p_shared);
end $$;

-- As before, but a live generation that must be replaced is no measure of how far the new one has to be.
create or replace function read_model.swap(p_model text, p_generation int) returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_live bigint;
  v_new bigint;
begin
  select max(g.position) filter (where g.live and not g.rebuild_due), max(g.position) filter (where g.generation = p_generation)
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

revoke all on function read_model.adopt_log from public;
grant execute on function read_model.adopt_log to session_ledger_app;
