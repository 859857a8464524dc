import { type AgentDefaults, type AgentView, type List, uuid } from '#libs/contracts';
import type { Database } from '#libs/database';
import type { Principal } from '../auth/principal.js';
import { pageOf } from '../paging/pages.js';
import { decodeCursor } from '../validation/cursor.js';
import { agentViewOf } from './agent-view.js';

interface AgentRow extends Record<string, unknown> {
  agent_id: string;
  name: string;
  enabled: boolean;
  default_constraints: AgentDefaults;
  created_at: number;
  version: number;
}

const COLUMNS = 'agent_id, name, enabled, default_constraints, created_at, version';
const SEEN = '($2::uuid[] is null or agent_id = any($2))';
const NEXT = `select ${COLUMNS} from ledger.agent_head where ($1::uuid is null or agent_id < $1) and ${SEEN} order by agent_id desc limit $3`;
const PREV = `select ${COLUMNS} from ledger.agent_head where agent_id > $1 and ${SEEN} order by agent_id limit $3`;

/** Agents that the principal may see, newest first. */
export async function listAgents(
  database: Database,
  { cursor, limit }: { cursor?: string | undefined; limit: number },
  { agents }: Principal,
): Promise<List<AgentView>> {
  const edge = decodeCursor(cursor, (key) => uuid.safeParse(key).success);
  const back = edge?.direction === 'prev';
  const rows = await database.prepared<AgentRow>(back ? 'api.agents.prev' : 'api.agents.next', back ? PREV : NEXT, [
    edge?.key ?? null,
    agents,
    limit + 1,
  ]);
  const found = rows.map((row) =>
    agentViewOf({
      agentId: row.agent_id,
      name: row.name,
      enabled: row.enabled,
      defaultConstraints: row.default_constraints,
      createdAt: row.created_at,
      version: row.version,
    }),
  );
  return pageOf(found, { limit, edge, keyOf: ({ id }) => id });
}
