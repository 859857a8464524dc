import type { Database } from '#libs/database';
import type { AgentHead, Heads, HolderHead, KillSwitch, SessionHead, SessionSnapshot } from '../types.js';
import { agentRows, holderRows, sessionRows, type RowOf } from './head-rows.js';
import { issuedTokenHash } from './issued-token-hash.js';
import { putOffDue } from './put-off-due.js';
import { ReadsTogether } from './read-together.js';

const NOW = 'floor(extract(epoch from clock_timestamp()) * 1000)::bigint as now';

// The clock is read after the head: what the head says was true before `now`. The head is one JSON value: on the way of every
// request, the driver would describe and parse each of its columns anew.
// Each session is looked up by itself (`offset 0`): a plan for many at once may read whole tables. Their number is hidden from
// the planner (`select $1`), which would plan anew for each number.
const SESSIONS = `
  select found.* from unnest((select $1::uuid[])) as asked (session_id) cross join lateral (
    select to_json(h) as head, a.enabled as agent_enabled, k.active as kill_switch_active, s.version as signing_key_version, ${NOW},
      array(select o.holder_id::text from ledger.holder_head o where o.session_id = h.session_id and o.removed_at is null) as holder_ids
    from ledger.session_head h
    join ledger.agent_head a using (agent_id)
    cross join ledger.kill_switch k
    cross join ledger.signing_key_version s
    where h.session_id = asked.session_id
    offset 0
  ) found`;

interface SnapshotRow extends Record<string, unknown> {
  head: RowOf<SessionHead>;
  agent_enabled: boolean;
  kill_switch_active: boolean;
  signing_key_version: number;
  holder_ids: string[];
  now: number;
}

/** Reads the write models, on the primary, never cached. */
export function createHeads(database: Database): Heads {
  const sessions = async (sessionIds: readonly string[]): Promise<SessionSnapshot[]> => {
    const rows = await database.prepared<SnapshotRow>('heads.sessions', SESSIONS, [sessionIds]);
    return rows.map(snapshotOf);
  };
  const together = new ReadsTogether(sessions);
  return {
    session: (sessionId) => together.session(sessionId),

    sessions,

    putOffDue: (heads) => putOffDue(database, heads),

    issuedTokenHash: (sessionId, generation) => issuedTokenHash(database, sessionId, generation),

    async agent(agentId: string): Promise<AgentHead | null> {
      const text = 'select * from ledger.agent_head where agent_id = $1';
      const [row] = await database.prepared<RowOf<AgentHead>>('heads.agent', text, [agentId]);
      return row ? agentRows.fromRow(row) : null;
    },

    async holder(holderId: string): Promise<HolderHead | null> {
      const text = 'select * from ledger.holder_head where holder_id = $1';
      const [row] = await database.prepared<RowOf<HolderHead>>('heads.holder', text, [holderId]);
      return row ? holderRows.fromRow(row) : null;
    },

    async activeSessions(agentId: string): Promise<SessionHead[]> {
      const text = `select * from ledger.session_head where agent_id = $1 and status = 'active' order by session_id`;
      const rows = await database.queryByIndex<RowOf<SessionHead>>(text, [agentId]);
      return rows.map(sessionRows.fromRow);
    },

    async killSwitch(): Promise<KillSwitch> {
      const text = 'select active, reason, changed_at from ledger.kill_switch';
      const [row] = await database.prepared<RowOf<KillSwitch>>('heads.killSwitch', text);
      const { active, reason, changed_at } = row as RowOf<KillSwitch>;
      return { active, reason, changedAt: changed_at };
    },

    async now(): Promise<number> {
      const [row] = await database.prepared<{ now: number }>('heads.now', `select ${NOW}`);
      return (row as { now: number }).now;
    },
  };
}

function snapshotOf(row: SnapshotRow): SessionSnapshot {
  return {
    head: sessionRows.fromRow(row.head),
    agentEnabled: row.agent_enabled,
    holderIds: row.holder_ids,
    killSwitchActive: row.kill_switch_active,
    signingKeyVersion: row.signing_key_version,
    now: row.now,
  };
}
