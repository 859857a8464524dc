import { sessionStream } from '#libs/contracts';
import type { SessionHead, SessionSnapshot } from '#libs/ledger';
import type { SessionEvent } from '#libs/session';
import { append, decideAgain } from './append.js';
import type { Caller, ChangeDeps } from './command-deps.js';
import { headAfter, newEvents } from './new-events.js';

export interface SessionChange {
  /** The head after the change, or as it was when nothing was to be done. */
  head: SessionHead;
  /** Database time, epoch milliseconds. */
  now: number;
  changed: boolean;
}

/**
 * Load, decide, append on one session, decided again until it is recorded or moot. Null when there is no such session.
 * `decide` answers the facts to record; none means that nothing is to be done. The caller's Idempotency-Key plays no part:
 * one request may change several sessions, and to ask twice changes nothing twice.
 */
export function changeSession(
  deps: ChangeDeps,
  sessionId: string,
  caller: Caller,
  decide: (snapshot: SessionSnapshot) => SessionEvent[],
): Promise<SessionChange | null> {
  return decideAgain(async () => {
    const snapshot = await deps.heads.session(sessionId);
    if (!snapshot) return null;
    const { head, holderIds, now } = snapshot;
    const events = decide(snapshot);
    if (events.length === 0) return { head, now, changed: false };
    const next = headAfter(head, events, { hasHolder: holderIds.length > 0, now });
    await append(deps.store, {
      streams: [{ streamId: sessionStream(sessionId), expectedVersion: head.version, events: newEvents(events, now) }],
      heads: { sessions: [next] },
      actor: caller.actor,
      requestId: caller.requestId,
      duringKillSwitch: true,
    });
    return { head: next, now, changed: true };
  });
}
