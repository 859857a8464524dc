import { agentStream, LedgerError, type DomainEvent, type UpdateAgentBody } from '#libs/contracts';
import type { AgentHead } from '#libs/ledger';
import { canonicalJson } from '#libs/proof';
import { append, decideAgain } from '../append.js';
import type { Caller, CommandDeps } from '../command-deps.js';
import { newEvents } from '../new-events.js';

/** Changes an agent's defaults (replaced whole), or disables and enables it. Errors: NOT_FOUND. */
export function updateAgent(
  deps: CommandDeps,
  { agentId, ...request }: UpdateAgentBody & { agentId: string },
  caller: Caller,
): Promise<AgentHead> {
  return decideAgain(async () => {
    const agent = await deps.heads.agent(agentId);
    if (!agent) throw new LedgerError('NOT_FOUND', { detail: `There is no agent ${agentId}.` });
    const events = changesOf(agent, request);
    if (events.length === 0) return agent;
    const head: AgentHead = {
      ...agent,
      enabled: request.enabled ?? agent.enabled,
      defaultConstraints: request.defaultConstraints ?? agent.defaultConstraints,
      version: agent.version + events.length,
    };
    const now = await deps.heads.now();
    await append(deps.store, {
      streams: [{ streamId: agentStream(agentId), expectedVersion: agent.version, events: newEvents(events, now) }],
      heads: { agents: [head] },
      actor: caller.actor,
      requestId: caller.requestId,
      duringKillSwitch: true,
    });
    return head;
  });
}

function changesOf(agent: AgentHead, request: UpdateAgentBody): DomainEvent[] {
  const { agentId } = agent;
  const { defaultConstraints, enabled } = request;
  const why = request.reason === undefined ? {} : { reason: request.reason };
  const events: DomainEvent[] = [];
  // Canonical: the database keeps the members of an object in an order of its own.
  if (defaultConstraints && canonicalJson(defaultConstraints) !== canonicalJson(agent.defaultConstraints)) {
    events.push({ type: 'AgentDefaultsChanged', data: { agentId, defaultConstraints, ...why } });
  }
  if (enabled === false && agent.enabled) events.push({ type: 'AgentDisabled', data: { agentId, ...why } });
  if (enabled === true && !agent.enabled) events.push({ type: 'AgentEnabled', data: { agentId, ...why } });
  return events;
}
