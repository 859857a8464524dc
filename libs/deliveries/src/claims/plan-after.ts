import { nextAttemptAt } from '../retry/retry-schedule.js';
import type { ClaimedMessage, Outcome } from './claimed-message.js';
import type { Settlement } from './settle.js';
import { unknownsAllowed } from './unknown-policy.js';

/** The state of a delivery after an attempt. `now` is epoch milliseconds, `random` in [0, 1). */
export function planAfter(message: ClaimedMessage, outcome: Outcome, now: number, random: number): Settlement {
  const base = { deliveryId: message.deliveryId, nextAttemptAt: null, detail: outcome.detail ?? null };
  if (outcome.kind === 'delivered') {
    return { ...base, status: 'delivered', detail: null, remoteRef: outcome.remoteRef ?? null };
  }
  if (outcome.kind === 'failed' && outcome.stop === 'gone') return { ...base, status: 'suppressed' };
  if (outcome.kind === 'failed' && outcome.permanent) return { ...base, status: 'dead' };
  if (outcome.kind === 'unknown' && message.unknowns + 1 > unknownsAllowed(message.channelType)) {
    return { ...base, status: 'dead', detail: `${outcome.detail}; it may have arrived, and was tried twice` };
  }
  const { attempt: attempts, deadline } = message;
  const retryAfter = outcome.kind === 'failed' ? outcome.retryAfter : undefined;
  const next = nextAttemptAt({ attempts, now, deadline, retryAfter, random });
  if (next === null)
    return { ...base, status: 'dead', detail: `${outcome.detail}; no time is left before the deadline` };
  return { ...base, status: outcome.kind === 'unknown' ? 'unknown' : 'retry', nextAttemptAt: next };
}
