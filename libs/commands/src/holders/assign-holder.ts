import { agentStream, LedgerError } from '#libs/contracts';
import type { HolderHead } from '#libs/ledger';
import { append, decideAgain } from '../append.js';
import type { Caller, CommandDeps } from '../command-deps.js';
import { newEvents } from '../new-events.js';
import { watchedByHolder } from './watched-by-holder.js';

/**
 * Moves a holder to another session of its agent; to the one it has is no change. Errors: NOT_FOUND, SESSION_ENDED,
 * BAD_REQUEST for another agent's session.
 */
export async function assignHolder(
  deps: CommandDeps,
  { holderId, sessionId }: { holderId: string; sessionId: string },
  caller: Caller,
): Promise<HolderHead> {
  return decideAgain(async () => {
    const [holder, snapshot] = await Promise.all([deps.heads.holder(holderId), deps.heads.session(sessionId)]);
    if (!holder || holder.removedAt !== null) {
      throw new LedgerError('NOT_FOUND', { detail: `There is no holder ${holderId}.` });
    }
    if (!snapshot) throw new LedgerError('NOT_FOUND', { detail: `There is no session ${sessionId}.` });
    if (holder.sessionId === sessionId) return holder;
    const { agentId } = holder;
    if (snapshot.head.agentId !== agentId) {
      const message = 'belongs to another agent than the holder';
      throw new LedgerError('BAD_REQUEST', {
        detail: `The session ${message}.`,
        errors: [{ path: 'sessionId', message }],
      });
    }
    if (snapshot.head.status !== 'active') throw new LedgerError('SESSION_ENDED');
    const agent = await deps.heads.agent(agentId);
    if (!agent) throw new LedgerError('NOT_FOUND', { detail: `There is no agent ${agentId}.` });
    const moved: HolderHead = { ...holder, sessionId };
    const watched = watchedByHolder(snapshot);
    await append(deps.store, {
      streams: [
        {
          streamId: agentStream(agentId),
          expectedVersion: agent.version,
          events: newEvents([{ type: 'HolderAssigned', data: { agentId, holderId, sessionId } }], snapshot.now),
        },
        watched.stream,
      ],
      heads: { holders: [moved], agents: [{ ...agent, version: agent.version + 1 }], sessions: [watched.head] },
      actor: caller.actor,
      requestId: caller.requestId,
      duringKillSwitch: true,
    });
    return moved;
  });
}
