-- The one door into the event store. Order of steps: see each. Error codes are mapped in libs/ledger/src/append.

-- Leaf of an event: RFC 6962 leaf hash over netstrings (<bytes>:<text>,), so that no field can run into the next.
-- The twin in TypeScript is libs/proof/src/leaf.ts.
create function ledger.leaf(
  stream_id text, version bigint, event_id uuid, type text, schema_version smallint, occurred_micros bigint,
  actor text, request_id text, payload text
) returns bytea language sql stable parallel safe as $$
  select sha256('\x00'::bytea || convert_to(concat(
    octet_length(stream_id), ':', stream_id, ',', length(version::text), ':', version, ',36:', event_id, ',',
    octet_length(type), ':', type, ',', length(schema_version::text), ':', schema_version, ',',
    length(occurred_micros::text), ':', occurred_micros, ',', octet_length(actor), ':', actor, ',',
    octet_length(request_id), ':', request_id, ',', octet_length(payload), ':', payload, ','), 'UTF8'))
$$;

-- Writes the heads that a decision gives along with its events.
create function ledger.put_heads(p_heads jsonb) returns void language plpgsql as $$
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
      overdue_generation = excluded.overdue_generation, due_at = excluded.due_at;
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

-- After a start of the server: is it still the same cluster? A database restored into another one has transaction ids that
-- mean nothing here, so the next epoch opens: whatever is older sorts before it, whole.
create function ledger.check_cluster() returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  update ledger.log l set
    epoch = l.epoch + (l.system_identifier <> c.system_identifier::text)::int,
    floor_txid = case when l.system_identifier <> c.system_identifier::text then pg_current_xact_id() else l.floor_txid end,
    system_identifier = c.system_identifier::text,
    server_started_at = pg_postmaster_start_time()
  from pg_control_system() c
  where l.server_started_at <> pg_postmaster_start_time();
end $$;

create function ledger.append(
  p_streams text[], p_expected bigint[], p_counts int[],
  p_event_ids uuid[], p_types text[], p_schema_versions smallint[], p_micros bigint[], p_payloads text[],
  p_actor text, p_request_id text,
  p_scope text, p_key text, p_fingerprint bytea,
  p_during_kill_switch boolean, p_heads jsonb
) returns jsonb language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_killed boolean;
  v_epoch int;
  v_floor xid8;
  v_started timestamptz;
  v_fingerprint bytea;
  v_streams jsonb;
  v_version bigint;
  v_first bigint;
  v_head bytea;
  v_leaf bytea;
  v_micros bigint;
  v_exists boolean;
  e int := 0;
begin
  -- A transaction that wrote before has its id already: version 2 could then sort before version 1.
  if pg_current_xact_id_if_assigned() is not null then
    raise 'append must be the first write of its transaction' using errcode = 'LG001';
  end if;
  -- Later statements must see what committed while this one waited for the lock.
  if current_setting('transaction_isolation') <> 'read committed' then
    raise 'append needs isolation level read committed' using errcode = 'LG002';
  end if;

  -- Advisory locks assign no transaction id. Key order, so that two appends over several streams never deadlock.
  if p_key is null and cardinality(p_streams) = 1 then
    perform pg_advisory_xact_lock(hashtextextended(p_streams[1], 0));
  else
    perform pg_advisory_xact_lock(k.key) from (
      select hashtextextended(s, 0) as key from unnest(p_streams) s
      union select hashtextextended(p_scope || '/' || p_key, 1) where p_key is not null
      order by 1
    ) k;
  end if;

  -- Before the version check: a repeated command with its old expected version gets its first answer.
  if p_key is not null then
    select r.fingerprint, r.streams into v_fingerprint, v_streams
    from ledger.receipt r where r.scope = p_scope and r.key = p_key;
    if found then
      if v_fingerprint <> p_fingerprint then
        raise 'command % was recorded with another content', p_key using errcode = 'LG003', detail = p_key;
      end if;
      return jsonb_build_object('replayed', true, 'streams', v_streams);
    end if;
  end if;

  select k.active, l.epoch, l.floor_txid, l.server_started_at into strict v_killed, v_epoch, v_floor, v_started
  from ledger.kill_switch k, ledger.log l;
  if v_started <> pg_postmaster_start_time() then
    perform ledger.check_cluster();
    select l.epoch, l.floor_txid into strict v_epoch, v_floor from ledger.log l;
  end if;
  if v_killed and not p_during_kill_switch then
    raise 'the kill switch is on' using errcode = 'LG005';
  end if;

  v_streams := '[]';
  for s in 1 .. cardinality(p_streams) loop
    select t.version, t.head, t.occurred_micros into v_version, v_head, v_micros
    from ledger.stream t where t.stream_id = p_streams[s];
    v_exists := found;
    if not v_exists then
      v_version := 0; v_micros := 0;
      v_head := '\x0000000000000000000000000000000000000000000000000000000000000000';
    end if;
    if p_expected[s] <> v_version then
      raise 'stream % is at version %, expected %', p_streams[s], v_version, p_expected[s]
        using errcode = 'LG004',
        detail = json_build_object('streamId', p_streams[s], 'expected', p_expected[s], 'actual', v_version);
    end if;

    v_first := v_version + 1;
    for _ in 1 .. p_counts[s] loop
      e := e + 1;
      v_version := v_version + 1;
      v_micros := greatest(v_micros, p_micros[e]);
      v_leaf := ledger.leaf(p_streams[s], v_version, p_event_ids[e], p_types[e], p_schema_versions[e], v_micros,
                            p_actor, p_request_id, p_payloads[e]);
      v_head := sha256('\x02'::bytea || v_head || v_leaf);
      insert into ledger.event (epoch, stream_id, version, event_id, type, schema_version, occurred_at,
                                actor, request_id, payload, leaf)
      values (v_epoch, p_streams[s], v_version, p_event_ids[e], p_types[e], p_schema_versions[e],
              'epoch'::timestamptz + v_micros * interval '1 microsecond', p_actor, p_request_id, p_payloads[e], v_leaf);
    end loop;

    if p_counts[s] = 0 then
      null;
    elsif v_exists then
      update ledger.stream t set version = v_version, head = v_head, occurred_micros = v_micros
      where t.stream_id = p_streams[s];
    else
      insert into ledger.stream (stream_id, version, head, occurred_micros)
      values (p_streams[s], v_version, v_head, v_micros);
    end if;
    v_streams := v_streams || jsonb_build_object('streamId', p_streams[s], 'firstVersion', v_first,
                                                 'lastVersion', v_version, 'head', encode(v_head, 'hex'));
  end loop;

  if p_heads is not null then
    perform ledger.put_heads(p_heads);
  end if;
  if p_key is not null then
    insert into ledger.receipt (scope, key, fingerprint, streams) values (p_scope, p_key, p_fingerprint, v_streams);
  end if;

  -- The last net: within an epoch transaction ids only grow.
  if pg_current_xact_id() < v_floor then
    raise 'transaction ids have gone back within epoch %', v_epoch using errcode = 'LG006',
      hint = 'The cluster was reset under the ledger: restore a backup into a new cluster.';
  end if;
  return jsonb_build_object('replayed', false, 'streams', v_streams);
end $$;

create function ledger.refuse_change() returns trigger language plpgsql as $$
begin
  raise '% on %.% is refused: the ledger is append-only', tg_op, tg_table_schema, tg_table_name using errcode = 'LG009';
end $$;
create trigger append_only before update or delete on ledger.event for each row execute function ledger.refuse_change();
create trigger no_truncate before truncate on ledger.event for each statement execute function ledger.refuse_change();
create trigger no_truncate before truncate on ledger.stream for each statement execute function ledger.refuse_change();

revoke all on all functions in schema ledger from public;
grant execute on function ledger.append to session_ledger_app;
grant execute on function ledger.leaf to session_ledger_app;
grant select on all tables in schema ledger to session_ledger_app;
