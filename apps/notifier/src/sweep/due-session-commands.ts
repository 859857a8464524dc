import { sessionStream } from '#libs/contracts';
import { VersionConflict, type Ledger, type SessionHead } from '#libs/ledger';
import { newId } from '#libs/platform';
import {
  announceExpiringSoon,
  announceOverdue,
  dueAt,
  evolve,
  expireSession,
  type SessionEvent,
  type SessionState,
} from '#libs/session';
import { type DueSessionCommands } from './sweep.js';

type Decide = (state: SessionState, hasHolder: boolean, now: number) => SessionEvent | null;

/** Load, decide, append on one session; a conflict is decided again, since another notifier may have been first. */
export function dueSessionCommands(ledger: Ledger): DueSessionCommands {
  const change = async (sessionId: string, decide: Decide): Promise<void> => {
    for (;;) {
      try {
        return await changeOnce(ledger, sessionId, decide);
      } catch (error) {
        if (!(error instanceof VersionConflict)) throw error;
      }
    }
  };
  return {
    announceExpiringSoon: (id, trigger) =>
      change(id, (state, hasHolder, now) => announceExpiringSoon(state, now, trigger, hasHolder)),
    announceOverdue: (id) => change(id, announceOverdue),
    expireSession: (id) => change(id, (state, _hasHolder, now) => expireSession(state, now)),
  };
}

async function changeOnce(ledger: Ledger, sessionId: string, decide: Decide): Promise<void> {
  const snapshot = await ledger.session(sessionId);
  if (!snapshot) return;
  const { head, holderIds } = snapshot;
  const hasHolder = holderIds.length > 0;
  const now = Math.floor(snapshot.now / 1000);
  const event = decide(head, hasHolder, now);
  if (!event) return;
  const next = evolve(head, event);
  const nextHead: SessionHead = { ...next, dueAt: dueAt(next, hasHolder, now) };
  await ledger.append({
    streams: [
      {
        streamId: sessionStream(sessionId),
        expectedVersion: head.version,
        events: [{ ...event, id: newId(), time: Math.floor(snapshot.now) }],
      },
    ],
    heads: { sessions: [nextHead] },
    actor: 'system',
    requestId: newId(),
    duringKillSwitch: true,
  });
}
