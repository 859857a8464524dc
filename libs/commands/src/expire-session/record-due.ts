import { sessionStream } from '#libs/contracts';
import type { SessionSnapshot } from '#libs/ledger';
import {
  announceExpiringSoon,
  announceOverdue,
  dueAt,
  evolve,
  expireSession,
  type SessionEvent,
  type SessionState,
} from '#libs/session';
import { append } from '../append.js';
import { changeSession } from '../change-session.js';
import type { Caller, ChangeDeps } from '../command-deps.js';
import { headAfter, newEvents, secondsOf } from '../new-events.js';

/** Sessions of one append: few enough that the transaction is over in a moment, many enough that its cost is shared. */
const AT_ONCE = 50;

export interface RecordDue {
  sessionIds: readonly string[];
  /** Whether the clock is good enough to end sessions. */
  expire: boolean;
  /** Told of a session for which nothing could be recorded; the others go on. */
  onFailed: (sessionId: string, error: unknown) => void;
}

/**
 * Records what time has brought on these sessions: their end, or the warnings before it. Read in one round trip and appended
 * in groups; where a group loses a race, each of its sessions is decided again by itself.
 */
export async function recordDue(
  deps: ChangeDeps,
  { sessionIds, expire, onFailed }: RecordDue,
  newCaller: () => Caller,
): Promise<void> {
  const snapshots = await deps.heads.sessions(sessionIds);
  const due = snapshots.filter((snapshot) => dueFacts(snapshot, expire).length > 0);
  for (let at = 0; at < due.length; at += AT_ONCE) {
    const group = due.slice(at, at + AT_ONCE);
    try {
      await appendGroup(deps, group, expire, newCaller());
    } catch {
      for (const { head } of group) {
        const decide = (snapshot: SessionSnapshot): SessionEvent[] => dueFacts(snapshot, expire);
        await changeSession(deps, head.sessionId, newCaller(), decide).catch((error: unknown) =>
          onFailed(head.sessionId, error),
        );
      }
    }
  }
  await putOff(
    deps,
    snapshots.filter((snapshot) => !due.includes(snapshot)),
  );
}

/** A change that puts the next look off leaves the earlier time standing: this look is that one. */
async function putOff({ heads }: ChangeDeps, early: SessionSnapshot[]): Promise<void> {
  const later = early.flatMap(({ head, holderIds, now }) => {
    const next = dueAt(head, holderIds.length > 0, secondsOf(now));
    return next !== null && head.dueAt !== null && next > head.dueAt ? [{ ...head, dueAt: next }] : [];
  });
  if (later.length > 0) await heads.putOffDue(later);
}

async function appendGroup(deps: ChangeDeps, group: SessionSnapshot[], expire: boolean, caller: Caller): Promise<void> {
  const changes = group.map((snapshot) => ({ ...snapshot, facts: dueFacts(snapshot, expire) }));
  await append(deps.store, {
    streams: changes.map(({ head, facts, now }) => ({
      streamId: sessionStream(head.sessionId),
      expectedVersion: head.version,
      events: newEvents(facts, now),
    })),
    heads: {
      sessions: changes.map(({ head, facts, holderIds, now }) =>
        headAfter(head, facts, { hasHolder: holderIds.length > 0, now }),
      ),
    },
    actor: caller.actor,
    requestId: caller.requestId,
    duringKillSwitch: true,
  });
}

function dueFacts({ head, holderIds, now }: SessionSnapshot, expire: boolean): SessionEvent[] {
  const seconds = secondsOf(now);
  const hasHolder = holderIds.length > 0;
  const expired = expireSession(head, seconds);
  if (expired) return expire ? [expired] : [];
  const soon = announceExpiringSoon(head, seconds, 'sweep', hasHolder);
  const warned: SessionState = soon ? evolve(head, soon) : head;
  const overdue = announceOverdue(warned, hasHolder, seconds);
  return [...(soon ? [soon] : []), ...(overdue ? [overdue] : [])];
}
