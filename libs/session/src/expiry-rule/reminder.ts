import type { ExpiryCause } from '../session.events.js';
import { evaluateExpiry, timeLegAt, type ExpiryState } from './expiring-soon.js';

export type ReminderDecision =
  | { kind: 'send'; endsAt: number }
  /** Look again then, epoch seconds. */
  | { kind: 'wait'; until: number }
  | { kind: 'never' };

/**
 * Whether the one reminder of an announced session is due. It goes out when the time leg holds and the announcement did
 * not say so: it came from the renewals leg, or named another end than the one that is near now.
 */
export function decideReminder(
  state: ExpiryState,
  now: number,
  announced: { causes: readonly ExpiryCause[]; endsAt: number },
  hasHolder = true,
): ReminderDecision {
  if (state.status !== 'active') return { kind: 'never' };
  const { causes, endsAt } = evaluateExpiry(state, now, { hasHolder });
  if (causes.includes('lifetime')) {
    const saidAlready = announced.causes.includes('lifetime') && announced.endsAt === endsAt;
    return saidAlready ? waitForAnotherEnd(state, now) : { kind: 'send', endsAt };
  }
  return { kind: 'wait', until: Math.max(now + 1, timeLegAt(state, now, hasHolder)) };
}

function waitForAnotherEnd(state: ExpiryState, now: number): ReminderDecision {
  return now < state.expiresAt ? { kind: 'wait', until: state.expiresAt } : { kind: 'never' };
}
