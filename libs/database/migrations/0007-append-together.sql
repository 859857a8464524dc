-- Appends that came in at once, written together: one transaction and one flush for all, each with its own answer. Each is
-- one event at the end of a stream that is there, with at most one session's head. What cannot be written this way (another
-- version, the kill switch, a new stream or head, a server started since) is left out, unwritten: `ledger.append` says why.
create function ledger.append_together(
  p_streams text[], p_expected bigint[], p_event_ids uuid[], p_types text[], p_schema_versions smallint[],
  p_micros bigint[], p_payloads text[], p_actors text[], p_request_ids text[], p_sessions uuid[], p_heads jsonb
) returns table (number int, last_version bigint, stream_head text) language plpgsql security definer
set search_path = pg_catalog, pg_temp
-- A handful of keys to look up: a plan made for an empty or an unmeasured table must not read a full one.
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
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
      overdue_generation = p.overdue_generation, due_at = p.due_at
    from accepted a join jsonb_to_recordset(p_heads) as p (
      session_id uuid, status text, version bigint, generation int, token_header text, token_payload text,
      token_hash text, issued_at bigint, expires_at bigint, renewal_count int, reject_window_ends_at bigint,
      previous_token_accepted boolean, expiring_soon_announced boolean, overdue_generation int, due_at bigint
    ) on p.session_id = a.session_id
    where s.session_id = a.session_id
  )
  select m.n::int, m.version, encode(m.head, 'hex') from moved m;
end $$;

revoke all on function ledger.append_together from public;
grant execute on function ledger.append_together to session_ledger_app;
