import type { AgentView } from '#libs/contracts';
import type { AgentHead } from '#libs/ledger';
import { toRfc3339 } from '#libs/session';

export function agentViewOf(agent: AgentHead): AgentView {
  return {
    id: agent.agentId,
    name: agent.name,
    defaultConstraints: agent.defaultConstraints,
    enabled: agent.enabled,
    createdAt: toRfc3339(agent.createdAt),
  };
}
