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

const AGENT_EVENTS = `
  select a.position, ${RECORDED_EVENT_COLUMNS}
  from (
    select position, stream_id, version from read_model.audit
    where agent_id = $1 and position > $2 order by position limit $3
  ) a ${eventOf('a')}
  order by a.position`;

/** Events of one agent after a position, as far as the projector has come: what its update stream resumes with. */
export async function agentEventsAfter(database: Database, query: AgentEventsAfter): Promise<CloudEvent[]> {
  const values = [query.agentId, query.after, query.limit];
  const rows = await database.prepared<RecordedEvent>('agent_events.after', AGENT_EVENTS, values);
  return rows.map((row) => toCloudEvent(row, query.source));
}

/** Position up to which `agentEventsAfter` is complete now, for the cursor of a quiet agent. */
export async function auditPosition(database: Database): Promise<number> {
  const text = `select position from read_model.generation where model = 'audit' and live`;
  const [row] = await database.prepared<{ position: number }>('agent_events.position', text);
  return row?.position ?? 0;
}
