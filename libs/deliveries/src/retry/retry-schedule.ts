/** Seconds before the next attempt, by number of attempts made: 5 s after the first, …, then hourly. */
const STEPS = [5, 30, 120, 600, 1800, 3600];
/** Two attempts of one message are never closer than this. */
const MIN_GAP_MS = 500;

export interface RetryInput {
  /** Attempts made, from 1. */
  attempts: number;
  /** Epoch milliseconds. */
  now: number;
  /** Epoch milliseconds. */
  deadline: number;
  /** Seconds that the far side asked for. */
  retryAfter?: number | undefined;
  /** 0 ≤ random < 1. */
  random: number;
}

/**
 * When to try again, epoch milliseconds; null when there is no time left. Full jitter: anywhere within the step, so that
 * thousands of alerts that failed together do not come back together. No step is longer than half of the time left: the
 * nearer the deadline, the denser the tries, down to its last seconds. A wish of the far side counts within that budget.
 */
export function nextAttemptAt({ attempts, now, deadline, retryAfter = 0, random }: RetryInput): number | null {
  const half = (deadline - now) / 2;
  if (half < MIN_GAP_MS) return null;
  const step = Math.min(STEPS[Math.min(attempts, STEPS.length) - 1]! * 1000, half);
  const jittered = Math.max(MIN_GAP_MS, step * random);
  const wished = retryAfter * 1000 < deadline - now ? retryAfter * 1000 : half;
  return now + Math.ceil(Math.max(jittered, wished));
}
