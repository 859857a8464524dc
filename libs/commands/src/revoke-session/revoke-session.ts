import { LedgerError } from '#libs/contracts';
import { type SessionHead } from '#libs/ledger';
import { revokeSession as decide, type RevocationTrigger } from '#libs/session';
import { changeSession } from '../change-session.js';
import { type Caller, type CommandDeps } from '../command-deps.js';
import { secondsOf } from '../new-events.js';

export interface RevokeSessionCommand {
  sessionId: string;
  /** As the caller says; else told by the reject window. */
  trigger?: RevocationTrigger;
  reason?: string;
}

export interface Revocation {
  head: SessionHead;
  /** Database time, epoch seconds. */
  now: number;
  /** False when the session had ended before. */
  revoked: boolean;
}

/** Ends a session; to end it twice is no error. Errors: NOT_FOUND. */
export async function revokeSession(
  deps: CommandDeps,
  { sessionId, ...how }: RevokeSessionCommand,
  caller: Caller,
): Promise<Revocation> {
  const change = await changeSession(deps, sessionId, caller, ({ head, now }) => {
    const revoked = decide(head, { now: secondsOf(now), ...how });
    return revoked ? [revoked] : [];
  });
  if (!change) throw new LedgerError('NOT_FOUND', { detail: `There is no session ${sessionId}.` });
  return { head: change.head, now: secondsOf(change.now), revoked: change.changed };
}

/** Ends every active session of an agent; answers how many it ended. Errors: NOT_FOUND. */
export async function revokeAgentSessions(
  deps: CommandDeps,
  { agentId, ...how }: { agentId: string; trigger?: RevocationTrigger; reason?: string },
  caller: Caller,
): Promise<number> {
  if (!(await deps.heads.agent(agentId)))
    throw new LedgerError('NOT_FOUND', { detail: `There is no agent ${agentId}.` });
  let ended = 0;
  for (const { sessionId } of await deps.heads.activeSessions(agentId)) {
    const { revoked } = await revokeSession(deps, { sessionId, ...how }, caller);
    if (revoked) ended++;
  }
  return ended;
}
