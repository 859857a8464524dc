import type { HeldToken } from './held-token.js';

/** Share of the TTL at which a token is renewed, and how far jitter may move it. */
const RENEWAL_SHARE = 0.6;
const RENEWAL_JITTER = 0.05;
/** The server renews from this share on, rounded up to a whole second. */
const EARLIEST_SHARE = 0.5;
const RECOVERY_INTERVAL = 60_000;
const RECOVERY_JITTER = 0.3;

/** Waits before the second, third and fourth attempt of a renewal; milliseconds. */
export const RETRY_DELAYS: readonly number[] = [1_000, 2_000, 4_000];
/** Wait after `RENEWAL_TOO_EARLY` without `retryAfter`; milliseconds. */
export const TOO_EARLY_WAIT = 30_000;
/** How often the wall clock and the token file are looked at; milliseconds. Also the longest timer ever set. */
export const TICK = 2_000;

/** When to renew, epoch milliseconds on the server's clock: 55–65 % of the TTL, and never before the second that allows it. */
export function renewalTime({ iat, exp }: Pick<HeldToken, 'iat' | 'exp'>, random: () => number = Math.random): number {
  const share = RENEWAL_SHARE + (random() * 2 - 1) * RENEWAL_JITTER;
  const earliest = iat + Math.ceil((exp - iat) * EARLIEST_SHARE);
  return Math.max(earliest, iat + (exp - iat) * share) * 1000;
}

/** Time until the next recovery: 60 s ± 30 %, so that many processes never return in step. Milliseconds. */
export function recoveryDelay(random: () => number = Math.random): number {
  return RECOVERY_INTERVAL * (1 + (random() * 2 - 1) * RECOVERY_JITTER);
}
