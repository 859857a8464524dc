import { LedgerError } from '#libs/contracts';
import type { SessionHead } from '#libs/ledger';
import { revokeSession as decide, type RevocationTrigger } from '#libs/session';
import { changeSession } from '../change-session.js';
import type { Caller, CommandDeps } from '../command-deps.js';
import { secondsOf } from '../new-events.js';

export interface RevokeSessionCommand {
  sessionId: string;
  /** As the caller says; else told by the reject window. */
  trigger?: RevocationTrigger;
  reason?: string;
  /** Only while this generation is current: whoever decided on an older token has not seen what they would end. */
  onlyGeneration?: number;
}

export interface Revocation {
  head: SessionHead;
  /** Database time, epoch seconds. */
  now: number;
  revoked: boolean;
  /** Why nothing was recorded: it had `ended` before, or another generation is current. */
  outcome: 'revoked' | 'ended' | 'moved_on';
}

/** Ends a session; to end it twice is no error. Errors: NOT_FOUND. */
export async function revokeSession(
  deps: CommandDeps,
  { sessionId, onlyGeneration, ...how }: RevokeSessionCommand,
  caller: Caller,
): Promise<Revocation> {
  let outcome: Revocation['outcome'] = 'revoked';
  const change = await changeSession(deps, sessionId, caller, ({ head, now }) => {
    outcome = outcomeOf(head, onlyGeneration, secondsOf(now));
    if (outcome !== 'revoked') return [];
    const revoked = decide(head, { now: secondsOf(now), ...how });
    return revoked ? [revoked] : [];
  });
  if (!change) throw new LedgerError('NOT_FOUND', { detail: `There is no session ${sessionId}.` });
  return { head: change.head, now: secondsOf(change.now), revoked: change.changed, outcome };
}

function outcomeOf(head: SessionHead, onlyGeneration: number | undefined, now: number): Revocation['outcome'] {
  if (head.status !== 'active') return 'ended';
  if (onlyGeneration === undefined) return 'revoked';
  if (now >= head.expiresAt) return 'ended';
  return head.generation === onlyGeneration ? 'revoked' : 'moved_on';
}
