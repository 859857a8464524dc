import type { CommandDeps } from '#libs/commands';
import { LedgerError } from '#libs/contracts';
import type { SessionSnapshot } from '#libs/ledger';
import { type Principal, seesAgent } from '../auth/principal.js';

/** A session token sees its own session only; what may not be seen is not there. Errors: NOT_FOUND. */
export async function visibleSession(
  { heads }: CommandDeps,
  sessionId: string,
  principal: Principal,
): Promise<SessionSnapshot> {
  const foreign = principal.kind === 'session' && principal.authenticated.snapshot.head.sessionId !== sessionId;
  const snapshot = foreign ? null : await heads.session(sessionId);
  if (!snapshot || !seesAgent(principal, snapshot.head.agentId)) {
    throw new LedgerError('NOT_FOUND', { detail: `There is no session ${sessionId}.` });
  }
  return snapshot;
}
