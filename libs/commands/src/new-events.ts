import type { DomainEvent } from '#libs/contracts';
import type { NewEvent, SessionHead } from '#libs/ledger';
import { newId } from '#libs/platform';
import { dueAt, evolve, type SessionEvent, type SessionState } from '#libs/session';

/** Whole epoch seconds of database milliseconds. */
export function secondsOf(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}

/** Gives facts their id and time (database milliseconds). */
export function newEvents(events: readonly DomainEvent[], now: number): NewEvent[] {
  return events.map((event) => ({ ...event, id: newId(), time: now }));
}

/** The head after these facts. `now` is database milliseconds. */
export function headAfter(
  state: SessionState | null,
  events: readonly SessionEvent[],
  { hasHolder, now }: { hasHolder: boolean; now: number },
): SessionHead {
  const next = events.reduce<SessionState | null>(evolve, state);
  if (next === null) throw new Error('a head needs at least one event');
  return { ...next, dueAt: dueAt(next, hasHolder, secondsOf(now)) };
}
