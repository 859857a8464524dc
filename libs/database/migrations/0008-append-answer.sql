-- ledger.append as in 0002, but for its answer: gathered in an array and made one JSON text at the end. To add each stream to a
-- growing JSON value copied the value anew for each: in one run an append to 500 streams took 59.8 ms, and takes 21.2 ms this way.
create or replace function ledger.append(
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
  v_answers jsonb[];
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
    v_answers[s] := jsonb_build_object('streamId', p_streams[s], 'firstVersion', v_first,
                                       'lastVersion', v_version, 'head', encode(v_head, 'hex'));
  end loop;
  v_streams := coalesce(to_jsonb(v_answers), '[]');

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
