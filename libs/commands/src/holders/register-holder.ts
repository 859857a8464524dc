import { agentStream, LedgerError, type RegisterHolderBody } from '#libs/contracts';
import { type HolderHead } from '#libs/ledger';
import { newId } from '#libs/platform';
import { calculateJwkThumbprint } from 'jose';
import { append, decideAgain } from '../append.js';
import { type Caller, type CommandDeps } from '../command-deps.js';
import { newEvents, secondsOf } from '../new-events.js';

/** Registers an installation that may renew a session and be handed its token. Errors: NOT_FOUND, SESSION_ENDED. */
export async function registerHolder(
  deps: CommandDeps,
  request: RegisterHolderBody,
  caller: Caller,
): Promise<HolderHead> {
  const { sessionId, name, signingKey, sealingKey } = request;
  const [signingKeyThumbprint, sealingKeyThumbprint] = await Promise.all([
    calculateJwkThumbprint(signingKey),
    calculateJwkThumbprint(sealingKey),
  ]);
  return decideAgain(async () => {
    const snapshot = await deps.heads.session(sessionId);
    if (!snapshot) throw new LedgerError('NOT_FOUND', { detail: `There is no session ${sessionId}.` });
    if (snapshot.head.status !== 'active') throw new LedgerError('SESSION_ENDED');
    const { agentId } = snapshot.head;
    const agent = await deps.heads.agent(agentId);
    if (!agent) throw new LedgerError('NOT_FOUND', { detail: `There is no agent ${agentId}.` });
    const holder: HolderHead = {
      holderId: newId(),
      agentId,
      sessionId,
      name,
      signingKey,
      sealingKey,
      createdAt: secondsOf(snapshot.now),
      removedAt: null,
    };
    const { holderId } = holder;
    const data = { agentId, holderId, name, sessionId, signingKeyThumbprint, sealingKeyThumbprint };
    await append(deps.store, {
      streams: [
        {
          streamId: agentStream(agentId),
          expectedVersion: agent.version,
          events: newEvents([{ type: 'HolderRegistered', data }], snapshot.now),
        },
      ],
      heads: { holders: [holder], agents: [{ ...agent, version: agent.version + 1 }] },
      actor: caller.actor,
      requestId: caller.requestId,
      duringKillSwitch: true,
    });
    return holder;
  });
}
