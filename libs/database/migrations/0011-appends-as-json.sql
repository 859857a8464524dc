-- ledger.append_together as in 0009, but for two things. The appends come as one JSON text: to write eleven arrays took the api
-- longer than anything else that it did for an append. And the head is joined, not looked for in a subselect: for a small or
-- unmeasured table the planner read the whole of it into a hash, and kept to that for as long as the connection lived.
drop function ledger.append_together(
  text[], bigint[], uuid[], text[], smallint[], bigint[], text[], text[], text[], uuid[], jsonb
);

-- `p_appends`: a list of objects with the columns below, `session_id` and what follows it for those that have a head.
-- `p_streams`: their streams, each once; a second event for one would take the same version and be refused by its key.
create function ledger.append_together(p_streams text[], p_appends json)
returns table (number int, last_version bigint, stream_head text) language plpgsql security definer
set search_path = pg_catalog, pg_temp
-- A handful of keys to look up: a plan made for an empty or an unmeasured table must not read a full one.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
as $$
begin
  -- The guards and the locks of ledger.append, for its reasons; its key order too, so that none waits for another in a circle.
  if pg_current_xact_id_if_assigned() is not null then
    raise 'append must be the first write of its transaction' using errcode = 'LG001';
  end if;
  if current_setting('transaction_isolation') <> 'read committed' then
    raise 'append needs isolation level read committed' using errcode = 'LG002';
  end if;
  perform pg_advisory_xact_lock(k.key) from (
    select distinct hashtextextended(s, 0) as key from unnest(p_streams) s order by 1
  ) k;

  return query
  with accepted as materialized (
    select a.*, l.epoch, t.version + 1 as next_version, t.head as old_head, greatest(t.occurred_micros, a.micros) as at
    from rows from (json_to_recordset(p_appends) as (
      stream_id text, expected bigint, event_id uuid, type text, schema_version smallint, micros bigint, payload text,
      actor text, request_id text, session_id uuid, status text, version bigint, generation int, token_header text,
      token_payload text, token_hash text, issued_at bigint, expires_at bigint, renewal_count int,
      reject_window_ends_at bigint, previous_token_accepted boolean, expiring_soon_announced boolean,
      overdue_generation int, due_at bigint
    )) with ordinality as a (
      stream_id, expected, event_id, type, schema_version, micros, payload,
      actor, request_id, session_id, status, version, generation, token_header,
      token_payload, token_hash, issued_at, expires_at, renewal_count,
      reject_window_ends_at, previous_token_accepted, expiring_soon_announced,
      overdue_generation, due_at, n
    )
    join ledger.stream t on t.stream_id = a.stream_id
    left join ledger.session_head h on h.session_id = a.session_id
    cross join ledger.log l
    cross join ledger.kill_switch k
    where t.version = coalesce(a.expected, t.version)
      and not k.active
      and l.server_started_at = pg_postmaster_start_time()
      and pg_current_xact_id() >= l.floor_txid
      and (a.session_id is null or h.session_id is not null)
  ), hashed as materialized (
    select a.*, ledger.leaf(a.stream_id, a.next_version, a.event_id, a.type, a.schema_version, a.at, a.actor,
                            a.request_id, a.payload) as leaf
    from accepted a
  ), written as (
    insert into ledger.event (epoch, stream_id, version, event_id, type, schema_version, occurred_at,
                              actor, request_id, payload, leaf)
    select h.epoch, h.stream_id, h.next_version, h.event_id, h.type, h.schema_version,
      'epoch'::timestamptz + h.at * interval '1 microsecond', h.actor, h.request_id, h.payload, h.leaf
    from hashed h
  ), moved as (
    update ledger.stream t
    set version = h.next_version, head = sha256('\x02'::bytea || h.old_head || h.leaf), occurred_micros = h.at
    from hashed h where t.stream_id = h.stream_id
    returning h.n, t.version, t.head
  ), headed as (
    update ledger.session_head s set
      status = a.status, version = a.version, generation = a.generation, token_header = a.token_header,
      token_payload = a.token_payload, token_hash = a.token_hash, issued_at = a.issued_at, expires_at = a.expires_at,
      renewal_count = a.renewal_count, reject_window_ends_at = a.reject_window_ends_at,
      previous_token_accepted = a.previous_token_accepted, expiring_soon_announced = a.expiring_soon_announced,
      overdue_generation = a.overdue_generation, due_at = ledger.standing_due(s.due_at, a.due_at)
    from accepted a
    where s.session_id = a.session_id
  )
  select m.n::int, m.version, encode(m.head, 'hex') from moved m;
end $$;

revoke all on function ledger.append_together from public;
grant execute on function ledger.append_together to session_ledger_app;
