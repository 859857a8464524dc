import { agentStream, LedgerError, type CreateAgentBody } from '#libs/contracts';
import type { Database } from '#libs/database';
import type { AgentHead } from '#libs/ledger';
import { newId } from '#libs/platform';
import { append } from '../append.js';
import type { Caller, CommandDeps } from '../command-deps.js';
import { newEvents, secondsOf } from '../new-events.js';
import { findReceipt } from '../receipts.js';

const AGENT_PREFIX = agentStream('');

/** Registers an agent. Errors: NAME_TAKEN, IDEMPOTENCY_KEY_REUSED. */
export async function registerAgent(deps: CommandDeps, request: CreateAgentBody, caller: Caller): Promise<AgentHead> {
  const receipt = await findReceipt(deps.database, caller.idempotency);
  if (receipt) return registeredAgent(deps, receipt[0]?.streamId);
  if (await nameExists(deps.database, request.name)) throw new LedgerError('NAME_TAKEN');
  const now = await deps.heads.now();
  const agentId = newId();
  const defaultConstraints = request.defaultConstraints ?? {};
  const head: AgentHead = {
    agentId,
    name: request.name,
    enabled: true,
    defaultConstraints,
    createdAt: secondsOf(now),
    version: 1,
  };
  const registered = { type: 'AgentRegistered' as const, data: { agentId, name: request.name, defaultConstraints } };
  const result = await append(deps.store, {
    streams: [{ streamId: agentStream(agentId), expectedVersion: 0, events: newEvents([registered], now) }],
    heads: { agents: [head] },
    actor: caller.actor,
    requestId: caller.requestId,
    ...(caller.idempotency && { idempotency: caller.idempotency }),
    duringKillSwitch: true,
  });
  return result.replayed ? registeredAgent(deps, result.streams[0]?.streamId) : head;
}

async function registeredAgent(deps: CommandDeps, streamId: string | undefined): Promise<AgentHead> {
  const agent = streamId?.startsWith(AGENT_PREFIX) ? await deps.heads.agent(streamId.slice(AGENT_PREFIX.length)) : null;
  if (!agent) throw new LedgerError('IDEMPOTENCY_KEY_REUSED');
  return agent;
}

async function nameExists(database: Database, name: string): Promise<boolean> {
  const rows = await database.prepared('commands.agent-name', 'select from ledger.agent_head where name = $1', [name]);
  return rows.length > 0;
}
