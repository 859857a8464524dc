import { agentStream, LedgerError, type CreateAgentBody } from '#libs/contracts';
import { type Database } from '#libs/database';
import { type AgentHead } from '#libs/ledger';
import { newId } from '#libs/platform';
import { append } from '../append.js';
import { type Caller, type CommandDeps } from '../command-deps.js';
import { newEvents, secondsOf } from '../new-events.js';
import { findReceipt } from '../receipts.js';

const UNIQUE_VIOLATION = '23505';
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
  try {
    const result = await append(deps.store, {
      streams: [{ streamId: agentStream(agentId), expectedVersion: 0, events: newEvents([registered], now) }],
      heads: { agents: [head] },
      actor: caller.actor,
      requestId: caller.requestId,
      ...(caller.idempotency && { idempotency: caller.idempotency }),
      duringKillSwitch: true,
    });
    return result.replayed ? await registeredAgent(deps, result.streams[0]?.streamId) : head;
  } catch (error) {
    if (isNameConflict(error)) throw new LedgerError('NAME_TAKEN', {}, { cause: error });
    throw error;
  }
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

/** Two registrations of one name at the same moment meet at the unique index. */
function isNameConflict(error: unknown): boolean {
  const { code, constraint } = error as { code?: string; constraint?: string };
  return code === UNIQUE_VIOLATION && constraint === 'agent_head_name_key';
}
