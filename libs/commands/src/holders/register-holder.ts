import { agentStream, LedgerError, type RegisterHolderBody } from '#libs/contracts';
import type { AppendedStream, HolderHead } from '#libs/ledger';
import { newId } from '#libs/platform';
import { calculateJwkThumbprint } from 'jose';
import { append, decideAgain } from '../append.js';
import type { Caller, CommandDeps } from '../command-deps.js';
import { newEvents, secondsOf } from '../new-events.js';
import { findReceipt } from '../receipts.js';
import { watchedByHolder } from './watched-by-holder.js';

/**
 * Registers an installation that may renew a session and be handed its token. Errors: NOT_FOUND, SESSION_ENDED,
 * IDEMPOTENCY_KEY_REUSED.
 */
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
  const receipt = await findReceipt(deps.database, caller.idempotency);
  if (receipt) return registeredHolder(deps, receipt);
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
    const watched = watchedByHolder(snapshot);
    const result = await append(deps.store, {
      streams: [
        {
          streamId: agentStream(agentId),
          expectedVersion: agent.version,
          events: newEvents([{ type: 'HolderRegistered', data }], snapshot.now),
        },
        watched.stream,
      ],
      heads: { holders: [holder], agents: [{ ...agent, version: agent.version + 1 }], sessions: [watched.head] },
      actor: caller.actor,
      requestId: caller.requestId,
      ...(caller.idempotency && { idempotency: caller.idempotency }),
      duringKillSwitch: true,
    });
    return result.replayed ? registeredHolder(deps, result.streams) : holder;
  });
}

/** The holder that a repeated request registered the first time. */
async function registeredHolder(deps: CommandDeps, streams: AppendedStream[]): Promise<HolderHead> {
  for (const { streamId, firstVersion } of streams) {
    const [event] = await deps.store.readStream(streamId, { fromVersion: firstVersion, limit: 1 });
    if (event?.type !== 'HolderRegistered') continue;
    const holder = await deps.heads.holder((event.data as { holderId: string }).holderId);
    if (holder) return holder;
  }
  throw new LedgerError('IDEMPOTENCY_KEY_REUSED');
}
