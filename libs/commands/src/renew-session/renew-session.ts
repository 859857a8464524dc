import { LedgerError, sessionStream, type TokenClaims } from '#libs/contracts';
import type { SessionSnapshot } from '#libs/ledger';
import { renewSession as decide, sessionRenewed, tokenStanding, type RenewalRefusal } from '#libs/session';
import { audiencesOf } from '#libs/tokens';
import { append, decideAgain } from '../append.js';
import { requireIssued } from '../authenticate.js';
import type { Caller, CommandDeps } from '../command-deps.js';
import { announceExpiringSoon } from '../expire-session/announce.js';
import type { SessionWithIssuedToken } from '../issued.js';
import { headAfter, newEvents, secondsOf } from '../new-events.js';
import { reportReuse, reportUnprovenRenewal } from './report-misuse.js';

export interface RenewSessionCommand {
  /** The session in the URL. */
  sessionId: string;
  /** Of the verified token that was presented. */
  claims: TokenClaims;
  /** SHA-256 of that token. */
  tokenHash: string;
  /** The holder that proved itself; it must be one of this session's. */
  holderId?: string;
  /** Of the caller. */
  address: string;
  /** What authentication read, for the first decision. */
  snapshot?: SessionSnapshot;
}

/**
 * Renews a session by its own token. A change of the stream that leaves the generation alone is decided again.
 * Errors: SESSION_RENEWAL_MISMATCH, RENEWAL_CONFLICT, TOKEN_SUPERSEDED, HOLDER_REQUIRED, RENEWAL_LIMIT_REACHED,
 * SESSION_ABSOLUTE_LIFETIME_EXCEEDED, RENEWAL_TOO_EARLY, AGENT_DISABLED, KILL_SWITCH_ACTIVE, SESSION_REVOKED, SESSION_EXPIRED.
 */
export async function renewSession(
  deps: CommandDeps,
  command: RenewSessionCommand,
  caller: Caller,
): Promise<SessionWithIssuedToken> {
  if (command.claims.sid !== command.sessionId) throw new LedgerError('SESSION_RENEWAL_MISMATCH');
  return decideAgain(async (attempt) => {
    const read = attempt === 1 ? command.snapshot : undefined;
    const snapshot = read ?? (await deps.heads.session(command.sessionId));
    if (!snapshot) throw new LedgerError('TOKEN_INVALID');
    return renewOnce(deps, command, snapshot, caller);
  }, deps.keys);
}

async function renewOnce(
  deps: CommandDeps,
  command: RenewSessionCommand,
  snapshot: SessionSnapshot,
  caller: Caller,
): Promise<SessionWithIssuedToken> {
  const { head, holderIds, now } = snapshot;
  if (snapshot.killSwitchActive) throw new LedgerError('KILL_SWITCH_ACTIVE');
  const holderId =
    command.holderId !== undefined && holderIds.includes(command.holderId) ? command.holderId : undefined;
  const hasHolder = holderIds.length > 0;
  const decision = decide(head, {
    generation: command.claims.gen,
    hasHolders: hasHolder,
    now: secondsOf(now),
    ...(holderId !== undefined && { holderId }),
  });
  if ('refused' in decision) return refuse(deps, { ...command, holderId }, snapshot, decision.refused, caller);
  if (!snapshot.agentEnabled) throw new LedgerError('AGENT_DISABLED');

  const { token, texts } = await deps.issuer.issue(decision.granted, audiencesOf(head));
  const renewed = sessionRenewed(head, decision.granted, texts, {
    cause: 'renewal',
    ...(holderId !== undefined && { holderId }),
  });
  const next = headAfter(head, [renewed], { hasHolder, now });
  await append(deps.store, {
    streams: [
      { streamId: sessionStream(head.sessionId), expectedVersion: head.version, events: newEvents([renewed], now) },
    ],
    heads: { sessions: [next] },
    actor: caller.actor,
    requestId: caller.requestId,
  });
  return { head: next, token, now: secondsOf(now) };
}

type Refused = RenewSessionCommand & { holderId: string | undefined };

async function refuse(
  deps: CommandDeps,
  command: Refused,
  snapshot: SessionSnapshot,
  refusal: RenewalRefusal,
  caller: Caller,
): Promise<never> {
  const { sessionId, address } = command;
  const generation = command.claims.gen;
  switch (refusal.code) {
    case 'SESSION_NOT_ACTIVE':
      throw new LedgerError(refusal.status === 'revoked' ? 'SESSION_REVOKED' : 'SESSION_EXPIRED');
    case 'RENEWAL_CONFLICT':
      return refuseConflict(deps, command, snapshot, caller);
    case 'HOLDER_REQUIRED':
      await reportUnprovenRenewal(deps, { sessionId, generation, address }, caller);
      throw new LedgerError('HOLDER_REQUIRED');
    case 'RENEWAL_LIMIT_REACHED':
    case 'SESSION_ABSOLUTE_LIFETIME_EXCEEDED':
      await announceExpiringSoon(deps, sessionId, 'renewal_refused', caller);
      throw new LedgerError(refusal.code);
    case 'RENEWAL_TOO_EARLY':
      throw new LedgerError(refusal.code, { retryAfter: refusal.retryAfter });
  }
}

/** Inside the grace, or with a holder's proof, a lost race; else an old token in the wrong hands. */
async function refuseConflict(
  deps: CommandDeps,
  { claims, tokenHash, sessionId, address, holderId }: Refused,
  { head, now }: SessionSnapshot,
  caller: Caller,
): Promise<never> {
  const seconds = secondsOf(now);
  const standing = tokenStanding(head, claims.gen, seconds, deps.settings.previousTokenGrace);
  if (holderId !== undefined || standing === 'previous') {
    throw new LedgerError('RENEWAL_CONFLICT', { currentGeneration: head.generation });
  }
  if (seconds < claims.exp && claims.gen < head.generation) {
    // Who forges old tokens must not have sessions reported, or ended where the policy says so.
    await requireIssued(deps, { sessionId, generation: claims.gen, tokenHash });
    await reportReuse(deps, { sessionId, generation: claims.gen, address }, caller);
  }
  throw new LedgerError('TOKEN_SUPERSEDED');
}
