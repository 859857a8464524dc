/** What the size test looks for in its sample. */
export const SAMPLE = {
  /** Has half of all events. */
  agent: '00000000-0000-7000-8000-00000000000a',
  session: '00000000-0000-7000-8000-000000000101',
  rareActor: 'key:rare',
  middle: '2026-06-01T00:00:00Z',
};

/**
 * A long log as years of use leave it, in seconds: a few agents of which one has half of the events, ten events a session, mostly
 * renewals, reasons on one event in ten. `:rows` is its length. Leaves are no real ones: only the search looks at it.
 */
export const FILL_AUDIT = [
  'alter table ledger.event disable trigger all',
  `create temporary table sample as
   select n as position,
     timestamptz '2026-01-01' + n * (interval '300 days' / :rows) as occurred_at,
     'session:' || lpad(to_hex(256 + n % greatest(:rows / 10, 1)), 8, '0') as stream_id,
     1 + n / greatest(:rows / 10, 1) as version,
     ('00000000-0000-7000-8000-' || lpad(to_hex(case when n % 2 = 0 then 10 else 11 + n % 7 end), 12, '0'))::uuid as agent_id,
     ('00000000-0000-7000-8000-' || lpad(to_hex(256 + n % greatest(:rows / 10, 1)), 12, '0'))::uuid as session_id,
     case when n % 20000 = 7 then 'KillSwitchActivated' when n % 10 = 0 then 'SessionCreated'
          when n % 10 = 9 then 'SessionRevoked' else 'SessionRenewed' end as type,
     case when n % 30000 = 11 then 'key:rare' when n % 10 in (0, 9) then 'owner' else 'holder:' || n % 500 end as actor,
     case when n % 40000 = 9 then 'an unheard-of case' when n % 10 = 9 then 'the laptop of number ' || n % 100 || ' was lost' end as reason
   from generate_series(1, :rows) n`,
  `insert into ledger.event (epoch, stream_id, version, event_id, type, schema_version, occurred_at, actor, request_id, payload, leaf)
   select 1, stream_id, version, gen_random_uuid(), type, 1, occurred_at, actor, 'sample',
     json_build_object('agentId', agent_id, 'sessionId', session_id, 'agentName', 'sample', 'reason', reason)::text,
     sha256(position::text::bytea)
   from sample`,
  `insert into read_model.audit_g1 (position, occurred_at, stream_id, version, agent_id, session_id, type, actor, reason)
   select position, occurred_at, stream_id, version, agent_id, session_id, type, actor, reason from sample`,
  'drop table sample',
  'alter table ledger.event enable trigger all',
];
