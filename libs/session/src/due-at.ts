import { timeLegAt } from './expiry-rule/expiring-soon.js';
import { overdueAt, watchesRenewal } from './renewal-overdue/renewal-overdue.js';
import type { SessionState } from './session.state.js';

/** When the sweep must look at this session next, epoch seconds; null once it has ended. */
export function dueAt(state: SessionState, hasHolder: boolean, now: number): number | null {
  if (state.status !== 'active') return null;
  const due = [state.expiresAt];
  if (!state.expiringSoonAnnounced) due.push(timeLegAt(state, now, hasHolder));
  // Asked as of that second: by then a renewal may no longer be possible, and the time leg is what holds.
  if (watchesRenewal(state, hasHolder, Math.max(now, overdueAt(state)))) due.push(overdueAt(state));
  return Math.min(...due);
}
