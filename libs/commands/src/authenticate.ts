import { LedgerError } from '#libs/contracts';
import type { SessionSnapshot } from '#libs/ledger';
import { sessionTime, tokenStanding, type TokenStanding } from '#libs/session';
import { checkTokenTime, type KnownToken } from '#libs/tokens';
import type { CommandDeps } from './command-deps.js';
import { secondsOf } from './new-events.js';

export interface AuthenticatedToken {
  token: KnownToken;
  snapshot: SessionSnapshot;
  standing: TokenStanding;
}

type AuthenticateDeps = Pick<CommandDeps, 'heads' | 'keys' | 'verifier' | 'settings'>;

/** Reads a token of ours and where it stands, without judging. Errors: the TOKEN_* codes of a token that is not ours. */
export async function readToken(deps: AuthenticateDeps, presented: string): Promise<AuthenticatedToken> {
  const token = await deps.verifier.verify(presented);
  const { sid, sub, gen } = token.claims;
  const snapshot = await deps.heads.session(sid);
  if (!snapshot || snapshot.head.agentId !== sub) throw new LedgerError('TOKEN_INVALID');
  await refuseRevokedKey(deps, token, snapshot);
  const { head, now } = snapshot;
  const standing = tokenStanding(head, gen, secondsOf(now), deps.settings.previousTokenGrace);
  // The hash binds a generation to the one token that was issued: a stolen signing key alone opens nothing here.
  const isAnother = gen === head.generation && token.hash !== head.tokenHash;
  if (gen > head.generation || isAnother) throw new LedgerError('TOKEN_INVALID');
  if (standing === 'previous') await requireIssued(deps, { sessionId: sid, generation: gen, tokenHash: token.hash });
  return { token, snapshot, standing };
}

/** Refuses a token that was never issued as this generation, although our key signed it: TOKEN_INVALID. */
export async function requireIssued(
  { heads }: Pick<CommandDeps, 'heads'>,
  { sessionId, generation, tokenHash }: { sessionId: string; generation: number; tokenHash: string },
): Promise<void> {
  if ((await heads.issuedTokenHash(sessionId, generation)) !== tokenHash) throw new LedgerError('TOKEN_INVALID');
}

/** Where a token that was read before stands now. */
export async function readTokenAgain(
  deps: AuthenticateDeps,
  { token }: AuthenticatedToken,
): Promise<AuthenticatedToken> {
  const snapshot = await deps.heads.session(token.claims.sid);
  if (!snapshot) throw new LedgerError('TOKEN_INVALID');
  await refuseRevokedKey(deps, token, snapshot);
  const { head, now } = snapshot;
  const standing = tokenStanding(head, token.claims.gen, secondsOf(now), deps.settings.previousTokenGrace);
  return { token, snapshot, standing };
}

/** The keys may have changed since this instance read them: what the head was read with tells. */
async function refuseRevokedKey(
  { keys, verifier }: AuthenticateDeps,
  { kid }: KnownToken,
  { signingKeyVersion }: SessionSnapshot,
): Promise<void> {
  await keys.atLeast(signingKeyVersion);
  await verifier.requireTrusted(kid);
}

/** Refuses a token that may not be used now: SESSION_REVOKED, TOKEN_EXPIRED, SESSION_EXPIRED, TOKEN_NOT_YET_VALID, KILL_SWITCH_ACTIVE. */
export function acceptForRenewal({ token, snapshot, standing }: AuthenticatedToken): void {
  if (standing === 'revoked') throw new LedgerError('SESSION_REVOKED');
  // A clock that stepped back must not make the session's own token a token of the future.
  checkTokenTime(token.claims, sessionTime(snapshot.head, secondsOf(snapshot.now)));
  if (standing === 'expired') throw new LedgerError('SESSION_EXPIRED');
  if (snapshot.killSwitchActive) throw new LedgerError('KILL_SWITCH_ACTIVE');
}

/** As for a renewal, and refuses a token that was superseded: TOKEN_SUPERSEDED. */
export function acceptForUse(authenticated: AuthenticatedToken): void {
  acceptForRenewal(authenticated);
  if (authenticated.standing === 'superseded') throw new LedgerError('TOKEN_SUPERSEDED');
}
