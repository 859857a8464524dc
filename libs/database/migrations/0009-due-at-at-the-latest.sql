-- `due_at` of a head is when the sweep looks at it at the latest. Nearly every change is a renewal, which puts the next look off:
-- the earlier time is left standing, so that no index entry changes and the new row stays on its page (a heap-only update).
-- The sweep then looks once too often, finds nothing to record, and puts its next look off itself.

-- The time to write. Null when the session has ended: nobody looks any more.
create function ledger.standing_due(p_standing bigint, p_next bigint) returns bigint language sql stable parallel safe as $$
  select case
    when p_standing > extract(epoch from statement_timestamp()) and p_next is not null then least(p_standing, p_next)
    else p_next
  end
$$;

-- For heads at which the sweep found nothing to record. One that changes meanwhile, or has changed, is left as it is.
create function ledger.put_off_due(p_sessions uuid[], p_versions bigint[], p_due bigint[]) returns void language sql
security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
  update ledger.session_head h set due_at = p.due
  from (
    select o.session_id, t.due
    from unnest(p_sessions, p_versions, p_due) as t (session_id, version, due)
    join ledger.session_head o using (session_id)
    where o.version = t.version and o.due_at < t.due
    for update of o skip locked
  ) p
  where h.session_id = p.session_id
$$;

revoke all on function ledger.standing_due, ledger.put_off_due from public;
grant execute on function ledger.put_off_due to session_ledger_app;

-- ledger.put_heads as in 0002 but for `due_at`.
create or replace function ledger.put_heads(p_heads jsonb) returns void language plpgsql as $$
begin
  if p_heads ? 'sessions' then
    insert into ledger.session_head
    select * from jsonb_populate_recordset(null::ledger.session_head, p_heads -> 'sessions')
    on conflict (session_id) do update set
      status = excluded.status, version = excluded.version, generation = excluded.generation,
      token_header = excluded.token_header, token_payload = excluded.token_payload, token_hash = excluded.token_hash,
      issued_at = excluded.issued_at, expires_at = excluded.expires_at, renewal_count = excluded.renewal_count,
      reject_window_ends_at = excluded.reject_window_ends_at,
      previous_token_accepted = excluded.previous_token_accepted,
      expiring_soon_announced = excluded.expiring_soon_announced,
      overdue_generation = excluded.overdue_generation, due_at = ledger.standing_due(session_head.due_at, excluded.due_at);
  end if;
  if p_heads ? 'agents' then
    insert into ledger.agent_head
    select * from jsonb_populate_recordset(null::ledger.agent_head, p_heads -> 'agents')
    on conflict (agent_id) do update set
      name = excluded.name, enabled = excluded.enabled, default_constraints = excluded.default_constraints,
      version = excluded.version;
  end if;
  if p_heads ? 'holders' then
    insert into ledger.holder_head
    select * from jsonb_populate_recordset(null::ledger.holder_head, p_heads -> 'holders')
    on conflict (holder_id) do update set
      session_id = excluded.session_id, name = excluded.name, signing_key = excluded.signing_key,
      sealing_key = excluded.sealing_key, removed_at = excluded.removed_at;
  end if;
  if p_heads ? 'api_keys' then
    insert into ledger.api_key
    select * from jsonb_populate_recordset(null::ledger.api_key, p_heads -> 'api_keys')
    on conflict (key_id) do update set revoked_at = excluded.revoked_at;
  end if;
  if p_heads ? 'kill_switch' then
    update ledger.kill_switch k set active = n.active, reason = n.reason, changed_at = n.changed_at
    from jsonb_populate_record(null::ledger.kill_switch, p_heads -> 'kill_switch') n;
  end if;
end $$;

-- ledger.append_together as in 0007 but for `due_at`, and planned once for a connection: to plan it anew took longer than to
-- run it, and for few appends the planner prefers that.
create or replace function ledger.append_together(
  p_streams text[], p_expected bigint[], p_event_ids uuid[], p_types text[], p_schema_versions smallint[],
  p_micros bigint[], p_payloads text[], p_actors text[], p_request_ids text[], p_sessions uuid[], p_heads jsonb
) returns table (number int, last_version bigint, stream_head text) language plpgsql security definer
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
  if (select count(distinct s) from unnest(p_streams) s) < cardinality(p_streams) then
    raise 'each stream may appear once among appends that are written together' using errcode = 'LG013';
  end if;
  perform pg_advisory_xact_lock(k.key) from (
    select distinct hashtextextended(s, 0) as key from unnest(p_streams) s order by 1
  ) k;

  return query
  with accepted as materialized (
    select a.*, l.epoch, t.version + 1 as version, t.head as old_head, greatest(t.occurred_micros, a.micros) as at
    from unnest(p_streams, p_expected, p_event_ids, p_types, p_schema_versions, p_micros, p_payloads, p_actors,
                p_request_ids, p_sessions) with ordinality
      as a (stream_id, expected, event_id, type, schema_version, micros, payload, actor, request_id, session_id, n)
    join ledger.stream t on t.stream_id = a.stream_id
    cross join ledger.log l
    cross join ledger.kill_switch k
    where t.version = coalesce(a.expected, t.version)
      and not k.active
      and l.server_started_at = pg_postmaster_start_time()
      and pg_current_xact_id() >= l.floor_txid
      and (a.session_id is null or exists (select from ledger.session_head h where h.session_id = a.session_id))
  ), hashed as materialized (
    select a.*, ledger.leaf(a.stream_id, a.version, a.event_id, a.type, a.schema_version, a.at, a.actor, a.request_id,
                            a.payload) as leaf
    from accepted a
  ), written as (
    insert into ledger.event (epoch, stream_id, version, event_id, type, schema_version, occurred_at,
                              actor, request_id, payload, leaf)
    select h.epoch, h.stream_id, h.version, h.event_id, h.type, h.schema_version,
      'epoch'::timestamptz + h.at * interval '1 microsecond', h.actor, h.request_id, h.payload, h.leaf
    from hashed h
  ), moved as (
    update ledger.stream t
    set version = h.version, head = sha256('\x02'::bytea || h.old_head || h.leaf), occurred_micros = h.at
    from hashed h where t.stream_id = h.stream_id
    returning h.n, t.version, t.head
  ), headed as (
    update ledger.session_head s set
      status = p.status, version = p.version, generation = p.generation, token_header = p.token_header,
      token_payload = p.token_payload, token_hash = p.token_hash, issued_at = p.issued_at, expires_at = p.expires_at,
      renewal_count = p.renewal_count, reject_window_ends_at = p.reject_window_ends_at,
      previous_token_accepted = p.previous_token_accepted, expiring_soon_announced = p.expiring_soon_announced,
      overdue_generation = p.overdue_generation, due_at = ledger.standing_due(s.due_at, p.due_at)
    from accepted a join jsonb_to_recordset(p_heads) as p (
      session_id uuid, status text, version bigint, generation int, token_header text, token_payload text,
      token_hash text, issued_at bigint, expires_at bigint, renewal_count int, reject_window_ends_at bigint,
      previous_token_accepted boolean, expiring_soon_announced boolean, overdue_generation int, due_at bigint
    ) on p.session_id = a.session_id
    where s.session_id = a.session_id
  )
  select m.n::int, m.version, encode(m.head, 'hex') from moved m;
end $$;
