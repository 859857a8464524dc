import { agentStream, LedgerError, sessionStream } from '#libs/contracts';
import { append, decideAgain } from '../append.js';
import type { Caller, CommandDeps } from '../command-deps.js';
import { headAfter, newEvents, secondsOf } from '../new-events.js';
import { prepareRotation } from '../rotate-session/rotate-session.js';

/** Takes a holder's right away and rotates its session, in one transaction: what it holds is dead at once. Errors: NOT_FOUND. */
export async function removeHolder(deps: CommandDeps, holderId: string, caller: Caller): Promise<void> {
  await decideAgain(async () => {
    const holder = await deps.heads.holder(holderId);
    if (!holder) throw new LedgerError('NOT_FOUND', { detail: `There is no holder ${holderId}.` });
    if (holder.removedAt !== null) return;
    const { agentId, sessionId } = holder;
    const [agent, snapshot] = await Promise.all([deps.heads.agent(agentId), deps.heads.session(sessionId)]);
    if (!agent || !snapshot) throw new LedgerError('NOT_FOUND', { detail: `There is no holder ${holderId}.` });
    const { head, now } = snapshot;
    const rotation = await prepareRotation(deps, snapshot);
    const others = snapshot.holderIds.filter((id) => id !== holderId);
    await append(deps.store, {
      streams: [
        {
          streamId: agentStream(agentId),
          expectedVersion: agent.version,
          events: newEvents([{ type: 'HolderRemoved', data: { agentId, holderId, sessionId } }], now),
        },
        ...(rotation
          ? [
              {
                streamId: sessionStream(sessionId),
                expectedVersion: head.version,
                events: newEvents([rotation.event], now),
              },
            ]
          : []),
      ],
      heads: {
        agents: [{ ...agent, version: agent.version + 1 }],
        holders: [{ ...holder, removedAt: secondsOf(now) }],
        ...(rotation && { sessions: [headAfter(head, [rotation.event], { hasHolder: others.length > 0, now })] }),
      },
      actor: caller.actor,
      requestId: caller.requestId,
      duringKillSwitch: true,
    });
  }, deps.keys);
}
