import { type HeldToken } from './held-token.js';

/** Share of the TTL at which a token is renewed, and how far jitter may move it. The server allows from 0.5 on. */
const RENEWAL_SHARE = 0.6;
const RENEWAL_JITTER = 0.05;
const RECOVERY_INTERVAL = 60_000;
const RECOVERY_JITTER = 0.3;

/** Waits before the second, third and fourth attempt of a renewal; milliseconds. */
export const RETRY_DELAYS: readonly number[] = [1_000, 2_000, 4_000];
/** Wait after `RENEWAL_TOO_EARLY` without `retryAfter`; milliseconds. */
export const TOO_EARLY_WAIT = 30_000;
/** How often the wall clock and the token file are looked at; milliseconds. Also the longest timer ever set. */
export const TICK = 2_000;

/** When to renew, epoch milliseconds on the server's clock: 55–65 % of the TTL. */
export function renewalTime(token: Pick<HeldToken, 'iat' | 'exp'>, random: () => number = Math.random): number {
  const share = RENEWAL_SHARE + (random() * 2 - 1) * RENEWAL_JITTER;
  return (token.iat + (token.exp - token.iat) * share) * 1000;
}

/** Time until the next recovery: 60 s ± 30 %, so that many processes never return in step. Milliseconds. */
export function recoveryDelay(random: () => number = Math.random): number {
  return RECOVERY_INTERVAL * (1 + (random() * 2 - 1) * RECOVERY_JITTER);
}
