import pg from 'pg';
import { wordRowsOf } from '../audit-words.js';

/** What the size test looks for in its sample. */
export const SAMPLE = {
  /** Has more than half of all events, and no word of the reasons. */
  agent: '00000000-0000-7000-8000-00000000000a',
  /** All of them. */
  agents: [10, 11, 12, 13, 14, 15, 16, 17].map((n) => `00000000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`),
  session: '00000000-0000-7000-8000-000000000101',
  /** Has a tenth of all events. */
  longSession: '00000000-0000-7000-8000-000000000100',
  rareActor: 'key:rare',
  /** Acts for the sample's agent only, in its long session. */
  holder: 'holder:10-0',
  middle: '2026-06-01T00:00:00Z',
};

/**
 * A long log as years of use leave it: a few agents of which one has half of the events, sessions of ten events and a long one,
 * mostly renewals, a reason on one event in five. Times are not quite in the order of positions, and once the clock was set
 * back by weeks. `:rows` is its length. Leaves are no real ones: only the search looks at it.
 */
const FILL = [
  'alter table ledger.event disable trigger all',
  'alter table ledger.event set (autovacuum_enabled = false)',
  'alter table read_model.audit_g1 set (autovacuum_enabled = false)',
  'alter table read_model.audit_word_g1 set (autovacuum_enabled = false)',
  `create temporary table sample as
   select n as position,
     timestamptz '2026-01-01' + (n + n::bigint * 7919 % 60 - 30) * (interval '300 days' / :rows)
       - case when n between :rows * 0.60 and :rows * 0.62 then interval '40 days' else interval '0' end as occurred_at,
     'session:' || lpad(to_hex(256 + s), 8, '0') as stream_id,
     n as version,
     ('00000000-0000-7000-8000-' || lpad(to_hex(a), 12, '0'))::uuid as agent_id,
     ('00000000-0000-7000-8000-' || lpad(to_hex(256 + s), 12, '0'))::uuid as session_id,
     case when n % 20000 = 7 then 'KillSwitchActivated' when n % 10 = 0 then 'SessionCreated'
          when n % 10 = 9 then 'SessionRevoked' else 'SessionRenewed' end as type,
     case when n % 30000 = 11 then 'key:rare' when n % 10 in (0, 9) then 'owner' else 'holder:' || a || '-' || s % 50 end as actor,
     case when n % 40000 = 9 then 'an unheard-of case'
          when n % 10 = 9 then 'the ' || case when n % 20 = 9 then 'laptop' else 'phone' end || ' of number ' || n % 100
            || ' was lost' || case when n < :rows / 3 then ' long ago' else '' end
          when n % 10 = 0 then 'first set-up of desk ' || n % 70 end as reason
   from (select n, s, case when s % 2 = 0 then 10 else 11 + s % 7 end as a
         from (select n, case when n % 10 = 4 then 0 else n % greatest(:rows / 10, 1) end as s from generate_series(1, :rows) n) b) c`,
  `insert into ledger.event (epoch, stream_id, version, event_id, type, schema_version, occurred_at, actor, request_id, payload, leaf)
   select 1, stream_id, version, gen_random_uuid(), type, 1, occurred_at, actor, 'sample',
     json_build_object('agentId', agent_id, 'sessionId', session_id, 'agentName', 'sample', 'reason', reason)::text,
     sha256(position::text::bytea)
   from sample`,
  `insert into read_model.audit_g1 (position, occurred_at, stream_id, version, agent_id, session_id, type, actor, reason)
   select position, occurred_at, stream_id, version, agent_id, session_id, type, actor, reason from sample`,
  `insert into read_model.audit_word_g1 ${wordRowsOf('sample')}`,
  'drop table sample',
  'alter table ledger.event enable trigger all',
];

/** Fills a migrated, empty database with so many events. Nothing is vacuumed or analysed, now or later. */
export async function fillAuditSample(url: string, rows: number): Promise<void> {
  await asOwner(
    url,
    FILL.map((statement) => statement.replaceAll(':rows', String(rows))),
  );
}

/** As it is once the server's own housekeeping has come round. */
export async function vacuumAuditSample(url: string): Promise<void> {
  const tables = ['ledger.event', 'read_model.audit_g1', 'read_model.audit_word_g1'];
  await asOwner(
    url,
    tables.map((table) => `vacuum analyze ${table}`),
  );
}

async function asOwner(url: string, statements: readonly string[]): Promise<void> {
  const owner = new pg.Client({ connectionString: url });
  await owner.connect();
  try {
    for (const statement of statements) await owner.query(statement);
  } finally {
    await owner.end();
  }
}
