import { LedgerError, sessionStream } from '#libs/contracts';
import type { SessionSnapshot } from '#libs/ledger';
import { rotateSession as decide, sessionRenewed, type SessionEvent } from '#libs/session';
import { audiencesOf } from '#libs/tokens';
import { append, decideAgain } from '../append.js';
import type { Caller, CommandDeps } from '../command-deps.js';
import type { SessionWithIssuedToken } from '../issued.js';
import { headAfter, newEvents, secondsOf } from '../new-events.js';
import { findReceipt } from '../receipts.js';
import { replaySession } from '../replay-session.js';

/** A rotation that was decided and signed, and is not yet recorded. */
export interface PreparedRotation {
  event: SessionEvent;
  /** The bare JWT. */
  token: string;
}

/** Decides and signs; null when the session has ended. */
export async function prepareRotation(
  deps: CommandDeps,
  { head, now }: Pick<SessionSnapshot, 'head' | 'now'>,
): Promise<PreparedRotation | null> {
  const grant = decide(head, secondsOf(now));
  if (!grant) return null;
  const { token, texts } = await deps.issuer.issue(grant, audiencesOf(head));
  return { token, event: sessionRenewed(head, grant, texts, { cause: 'rotation' }) };
}

/** Which rotation is meant. */
export interface RotateSessionCommand {
  sessionId: string;
  /** Only while this token hash is current: of many that ask for the same reason one rotates. */
  onlyTokenHash?: string;
  /** The old token must die, whether the agent may have another or not. */
  emergency?: boolean;
}

/**
 * A new token at once: not counted, no grace for the old one. Where another token than the one meant is current already, that
 * session is answered without a token. Errors: NOT_FOUND, SESSION_ENDED, AGENT_DISABLED, IDEMPOTENCY_KEY_REUSED.
 */
export async function rotateSession(
  deps: CommandDeps,
  { sessionId, onlyTokenHash, emergency = false }: RotateSessionCommand,
  caller: Caller,
): Promise<SessionWithIssuedToken> {
  const receipt = await findReceipt(deps.database, caller.idempotency);
  if (receipt) return replaySession(deps, receipt);
  return decideAgain(async () => {
    const snapshot = await deps.heads.session(sessionId);
    if (!snapshot) throw new LedgerError('NOT_FOUND', { detail: `There is no session ${sessionId}.` });
    const { head, holderIds, now } = snapshot;
    if (onlyTokenHash !== undefined && head.tokenHash !== onlyTokenHash) {
      return { head, token: null, now: secondsOf(now) };
    }
    if (!snapshot.agentEnabled && !emergency && head.status === 'active') throw new LedgerError('AGENT_DISABLED');
    const rotation = await prepareRotation(deps, snapshot);
    if (!rotation) throw new LedgerError('SESSION_ENDED');
    const next = headAfter(head, [rotation.event], { hasHolder: holderIds.length > 0, now });
    const result = await append(deps.store, {
      streams: [
        {
          streamId: sessionStream(sessionId),
          expectedVersion: head.version,
          events: newEvents([rotation.event], now),
        },
      ],
      heads: { sessions: [next] },
      actor: caller.actor,
      requestId: caller.requestId,
      ...(caller.idempotency && { idempotency: caller.idempotency }),
      duringKillSwitch: true,
    });
    if (result.replayed) return replaySession(deps, result.streams);
    return { head: next, token: rotation.token, now: secondsOf(now) };
  }, deps.keys);
}
