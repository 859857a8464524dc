import { agentStream, LedgerError, sessionStream } from '#libs/contracts';
import type { AppendedStream } from '#libs/ledger';
import type { RevocationTrigger } from '#libs/session';
import { append, decideAgain } from '../append.js';
import type { Caller, CommandDeps, Idempotency } from '../command-deps.js';
import { findReceipt } from '../receipts.js';
import { ENDS_AT_ONCE, endsOf } from './ends-of-sessions.js';

const SESSION_PREFIX = sessionStream('');

export interface RevokeAgentSessions {
  agentId: string;
  trigger?: RevocationTrigger;
  reason?: string;
}

type Deps = Pick<CommandDeps, 'store' | 'heads' | 'database'>;

/**
 * Ends every active session of an agent, a hundred in one transaction; answers how many it ended. A repetition with the same
 * Idempotency-Key goes on where the first call stopped, ends nothing that began later, and answers as the first would have.
 * Errors: NOT_FOUND, IDEMPOTENCY_KEY_REUSED.
 */
export async function revokeAgentSessions(deps: Deps, command: RevokeAgentSessions, caller: Caller): Promise<number> {
  if (!(await deps.heads.agent(command.agentId))) {
    throw new LedgerError('NOT_FOUND', { detail: `There is no agent ${command.agentId}.` });
  }
  let ended = 0;
  for (let step = 0; ; step++) {
    const streams = await revokeSome(deps, command, { ...caller, ...stepOf(caller.idempotency, step) });
    const sessions = streams.filter(({ streamId }) => streamId.startsWith(SESSION_PREFIX)).length;
    ended += sessions;
    if (sessions < ENDS_AT_ONCE) return ended;
  }
}

/** Each transaction has a receipt of its own. */
function stepOf(idempotency: Idempotency | undefined, step: number): { idempotency?: Idempotency } {
  return idempotency ? { idempotency: { ...idempotency, scope: `${idempotency.scope} ${step}` } } : {};
}

async function revokeSome(deps: Deps, command: RevokeAgentSessions, caller: Caller): Promise<AppendedStream[]> {
  const receipt = await findReceipt(deps.database, caller.idempotency);
  if (receipt) return receipt;
  return decideAgain(async () => {
    const sessions = (await deps.heads.activeSessions(command.agentId)).slice(0, ENDS_AT_ONCE);
    if (sessions.length === 0 && !caller.idempotency) return [];
    const now = await deps.heads.now();
    const { actor, requestId, idempotency } = caller;
    const ends = endsOf(sessions, command, now);
    const { streams } = await append(deps.store, {
      // The agent's own stream gets no event: the receipt stands also where there was nothing to end.
      streams: [...ends.streams, { streamId: agentStream(command.agentId), expectedVersion: null, events: [] }],
      heads: { sessions: ends.heads },
      actor,
      requestId,
      ...(idempotency && { idempotency }),
      duringKillSwitch: true,
    });
    return streams;
  });
}
