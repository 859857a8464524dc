import { sessionStream } from '#libs/contracts';
import type { SessionHead, StreamAppend } from '#libs/ledger';
import { revokeSession as decide, type RevocationTrigger } from '#libs/session';
import { headAfter, newEvents, secondsOf } from '../new-events.js';

/** Sessions that one transaction ends: more would hold the log's horizon, and an append takes 1,000 events. */
export const ENDS_AT_ONCE = 100;

/** The end of each of these sessions that is still active, as facts and heads. `now` is database milliseconds. */
export function endsOf(
  sessions: readonly SessionHead[],
  { trigger, reason }: { trigger?: RevocationTrigger; reason?: string },
  now: number,
): { streams: StreamAppend[]; heads: SessionHead[] } {
  const how = { now: secondsOf(now), ...(trigger && { trigger }), ...(reason !== undefined && { reason }) };
  const ended = sessions.flatMap((session) => {
    const revoked = decide(session, how);
    return revoked ? [{ session, revoked }] : [];
  });
  return {
    streams: ended.map(({ session, revoked }) => ({
      streamId: sessionStream(session.sessionId),
      expectedVersion: session.version,
      events: newEvents([revoked], now),
    })),
    heads: ended.map(({ session, revoked }) => headAfter(session, [revoked], { hasHolder: false, now })),
  };
}
