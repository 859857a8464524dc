import pg from 'pg';

/** A month ago: the relay does not publish what is older than the stream keeps. */
const EVENTS = `insert into ledger.event (epoch, stream_id, version, event_id, type, schema_version, occurred_at, actor, request_id, payload, leaf)
   select 1, 'agent:' || agent, version, id, type, 1, at, 'owner', 'sample', payload,
     ledger.leaf('agent:' || agent, version, id, type, 1::smallint, (extract(epoch from at) * 1000000)::bigint, 'owner', 'sample', payload)
   from (
     select agent, version, id, at, case when n % 10 = 0 then 'AgentDisabled' else 'AgentEnabled' end as type,
       case when n % 10 = 0 then '{"agentId":"' || agent || '","reason":"the laptop of number ' || n % 100 || ' was lost"}'
            else '{"agentId":"' || agent || '"}' end as payload
     from (
       select n, 1 + n / 1000 as version, gen_random_uuid() as id,
         date_trunc('second', now()) - interval '30 days' + n * interval '1 second' as at,
         ('00000000-0000-7000-8000-' || lpad(to_hex(n % 1000), 12, '0'))::uuid as agent
       from generate_series(:from, :to) n
     ) numbered
   ) facts`;
/** Events of one statement: while it runs, no event of any database of the cluster gets its place. */
const AT_ONCE = 5_000;
const REST = [
  `insert into ledger.stream (stream_id, version, head, occurred_micros)
   select stream_id, max(version), sha256(stream_id::bytea), (extract(epoch from max(occurred_at)) * 1000000)::bigint
   from ledger.event group by stream_id`,
  `insert into ledger.entry (log, position, stream_id, version, leaf)
   select 'main', row_number() over (order by seq), stream_id, version, leaf from ledger.event`,
  `update ledger.sequencer set (epoch, txid, seq, position) =
     (select epoch, txid, seq, :rows from ledger.event order by epoch desc, txid desc, seq desc limit 1)`,
  `insert into read_model.audit_g1 (position, occurred_at, stream_id, version, agent_id, type, actor, reason)
   select e.position, v.occurred_at, v.stream_id, v.version, (v.payload::json ->> 'agentId')::uuid, v.type, v.actor,
     v.payload::json ->> 'reason'
   from ledger.entry e join ledger.event v using (stream_id, version) where e.position > :rows - 1000`,
  'update read_model.generation set position = :rows',
  'analyze',
];

/**
 * Gives an empty, migrated database a log of so many events of a thousand agents that is a month old and sequenced. One event in
 * ten bears a reason. The audit read model stands at its end, but has the last thousand rows only: it is to be rebuilt.
 */
export async function fillLog(url: string, rows: number): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('set session_replication_role = replica');
    for (let from = 0; from < rows; from += AT_ONCE) {
      const to = Math.min(from + AT_ONCE, rows) - 1;
      await client.query(EVENTS.replaceAll(':from', String(from)).replaceAll(':to', String(to)));
    }
    for (const statement of REST) await client.query(statement.replaceAll(':rows', String(rows)));
  } finally {
    await client.end();
  }
}
