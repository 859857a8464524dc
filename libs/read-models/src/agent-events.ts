import { toCloudEvent, type CloudEvent, type RecordedEvent } from '#libs/contracts';
import type { Database } from '#libs/database';
import { eventOf, RECORDED_EVENT_COLUMNS } from '#libs/ledger';

export interface AgentEventsAfter {
  agentId: string;
  /** Exclusive. */
  after: number;
  limit: number;
  /** `source` of the envelopes. */
  source: string;
}

/**
 * Parameters: the agent, the position before the first, how many. Asked for as a range, the agent's own index is the only one in
 * its order: the log's would be read up to an agent that was quiet for long.
 */
export const AGENT_EVENTS = `
  select a.position, ${RECORDED_EVENT_COLUMNS}
  from (
    select position, stream_id, version from read_model.audit
    where (agent_id, position) > ($1::uuid, $2::bigint) and agent_id <= $1 order by agent_id, position limit $3
  ) a ${eventOf('a')}
  order by a.position`;

/** Events of one agent after a position, as far as the projector has come: what its update stream resumes with. */
export async function agentEventsAfter(database: Database, query: AgentEventsAfter): Promise<CloudEvent[]> {
  const values = [query.agentId, query.after, query.limit];
  const rows = await database.queryByIndex<RecordedEvent>(AGENT_EVENTS, values);
  return rows.map((row) => toCloudEvent(row, query.source));
}

/** Position up to which `agentEventsAfter` is complete now, for the cursor of a quiet agent. */
export async function auditPosition(database: Database): Promise<number> {
  const text = `select position from read_model.generation where model = 'audit' and live`;
  const [row] = await database.prepared<{ position: number }>('agent_events.position', text);
  return row?.position ?? 0;
}
