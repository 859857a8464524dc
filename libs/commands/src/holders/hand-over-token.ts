import { createHash } from 'node:crypto';
import { type HandOverView, LedgerError, sessionStream } from '#libs/contracts';
import type { HolderHead, SessionSnapshot } from '#libs/ledger';
import { type SessionEvent, toRfc3339 } from '#libs/session';
import { sealToken } from '#libs/tokens';
import { append, decideAgain } from '../append.js';
import type { Caller, CommandDeps } from '../command-deps.js';
import { headAfter, newEvents, secondsOf } from '../new-events.js';
import { findReceipt } from '../receipts.js';
import { rotateSession } from '../rotate-session/rotate-session.js';

/**
 * The current token of a holder's session, sealed to the holder. Whatever happened to the process that should have it, this answers.
 * Errors: HOLDER_ASSERTION_INVALID (removed meanwhile), KILL_SWITCH_ACTIVE, AGENT_DISABLED, SESSION_REVOKED, SESSION_EXPIRED.
 */
export async function handOverToken(
  deps: CommandDeps,
  authenticated: HolderHead,
  { actor, requestId }: Caller,
): Promise<HandOverView> {
  let holder = authenticated;
  for (;;) {
    const snapshot = await deps.heads.session(holder.sessionId);
    if (!snapshot) throw new LedgerError('SESSION_EXPIRED');
    if (!snapshot.holderIds.includes(holder.holderId)) {
      // Removed or moved since it was authenticated: what is sealed to it now is not its own any more.
      holder = await standingHolder(deps, holder.holderId);
      continue;
    }
    await requireUsable(deps, snapshot);
    const { sessionId, generation, expiresAt, tokenHash } = snapshot.head;
    const token = await deps.issuer.derive(snapshot.head);
    if (token === null) {
      // The key is gone: the token cannot be made again, so the session gets another; one for all holders that ask.
      await rotateSession(deps, { sessionId, onlyTokenHash: tokenHash }, { actor, requestId });
      continue;
    }
    // Renewed meanwhile: what was derived is dead, or soon will be.
    if (!(await recordOnce(deps, holder, snapshot, { actor, requestId }))) continue;
    const sealedToken = await sealToken(token, holder.sealingKey);
    return { sessionId, generation, expiresAt: toRfc3339(expiresAt), sealedToken };
  }
}

async function standingHolder({ heads }: CommandDeps, holderId: string): Promise<HolderHead> {
  const holder = await heads.holder(holderId);
  if (!holder || holder.removedAt !== null) throw new LedgerError('HOLDER_ASSERTION_INVALID');
  return holder;
}

async function requireUsable(deps: CommandDeps, snapshot: SessionSnapshot): Promise<void> {
  const { head, now } = snapshot;
  if (snapshot.killSwitchActive) throw new LedgerError('KILL_SWITCH_ACTIVE');
  if (head.status === 'revoked') throw new LedgerError('SESSION_REVOKED');
  if (head.status === 'expired' || secondsOf(now) >= head.expiresAt) throw new LedgerError('SESSION_EXPIRED');
  if (!snapshot.agentEnabled) throw new LedgerError('AGENT_DISABLED');
  await deps.keys.atLeast(snapshot.signingKeyVersion);
}

/**
 * `TokenHandedOver` stands once per holder and generation, however often a process asks. False: the generation is not current
 * any more, or the holder is not the session's.
 */
async function recordOnce(
  deps: CommandDeps,
  holder: HolderHead,
  { head: { sessionId, generation } }: SessionSnapshot,
  caller: Caller,
): Promise<boolean> {
  const scope = `token-handed-over:${holder.holderId}`;
  const key = `${sessionId}:${generation}`;
  const idempotency = { scope, key, fingerprint: createHash('sha256').update(`${scope}:${key}`).digest() };
  if (await findReceipt(deps.database, idempotency)) return true;
  return decideAgain(async () => {
    const snapshot = await deps.heads.session(sessionId);
    if (snapshot?.head.status !== 'active' || snapshot.head.generation !== generation) return false;
    const { head, holderIds, now } = snapshot;
    if (!holderIds.includes(holder.holderId)) return false;
    const { agentId, agentName } = head;
    const handedOver: SessionEvent = {
      type: 'TokenHandedOver',
      data: { sessionId, agentId, agentName, generation, holderId: holder.holderId },
    };
    await append(deps.store, {
      streams: [
        { streamId: sessionStream(sessionId), expectedVersion: head.version, events: newEvents([handedOver], now) },
      ],
      heads: { sessions: [headAfter(head, [handedOver], { hasHolder: holderIds.length > 0, now })] },
      actor: caller.actor,
      requestId: caller.requestId,
      idempotency,
    });
    return true;
  });
}
