import { sessionStream } from '#libs/contracts';
import type { SessionHead, SessionSnapshot, StreamAppend } from '#libs/ledger';
import { dueAt } from '#libs/session';
import { secondsOf } from '../new-events.js';

/** A session that has a holder is watched for overdue renewals: the sweep must look earlier. No event, only the head's due time. */
export function watchedByHolder({ head, now }: Pick<SessionSnapshot, 'head' | 'now'>): {
  stream: StreamAppend;
  head: SessionHead;
} {
  return {
    stream: { streamId: sessionStream(head.sessionId), expectedVersion: head.version, events: [] },
    head: { ...head, dueAt: dueAt(head, true, secondsOf(now)) },
  };
}
