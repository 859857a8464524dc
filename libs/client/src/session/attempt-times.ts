import { recoveryDelay, RETRY_DELAYS } from './schedule.js';

/** A server that goes on saying "too early" is asked at intervals that double up to 2^8 times its own. */
const MOST_DOUBLINGS = 8;

/** When the next attempt to renew or to recover may be made, by what came of the last ones. Times are `performance.now()`. */
export class AttemptTimes {
  /** Null: nothing to recover from. */
  recoverAt: number | null = null;
  /** Infinity: only a recovery can make renewing possible again. */
  renewNotBefore = 0;
  private failures = 0;
  private refusedAsEarly = 0;
  /** Quick recoveries used up since the start. */
  private probes = 0;

  constructor(
    private readonly now: () => number = () => performance.now(),
    private readonly random: () => number = Math.random,
  ) {}

  /** A new token is held: what hindered the old one is past. */
  renewed(): void {
    this.failures = 0;
    this.refusedAsEarly = 0;
    this.renewNotBefore = 0;
    this.recoverAt = null;
  }

  /** The server stands behind the held token. */
  recovered(): void {
    this.failures = 0;
    this.renewNotBefore = 0;
  }

  /** What forbade the renewal is gone. */
  reopened(): void {
    this.renewNotBefore = 0;
    this.recoverAt = null;
  }

  /** Another process of this machine is renewing. */
  afterSibling(): void {
    this.renewNotBefore = this.now() + 200 + this.random() * 300;
  }

  /** The server said how long to wait; were it to say "too early" again, the wait doubles: never a loop. */
  tooEarly(waitMs: number): void {
    this.renewNotBefore = this.now() + Math.max(1_000, waitMs) * 2 ** this.refusedAsEarly + this.random() * 500;
    this.refusedAsEarly = Math.min(this.refusedAsEarly + 1, MOST_DOUBLINGS);
  }

  /**
   * An attempt came to nothing: again after 1, 2 and 4 seconds, or later where the server says so.
   * @returns the wait in milliseconds, or null when the attempts are used up
   */
  failed(retryAfterMs: number): number | null {
    const delay = RETRY_DELAYS[this.failures];
    this.failures += 1;
    if (delay === undefined) return null;
    const wait = Math.max(delay, retryAfterMs);
    this.recoverAt = null;
    this.renewNotBefore = this.now() + wait;
    return wait;
  }

  /** Nothing is sent until the next recovery. */
  pause(): void {
    this.renewNotBefore = Infinity;
    this.recoverAt ??= this.now() + recoveryDelay(this.random);
  }

  /** Looks again in about a minute, if no recovery is due already. */
  recoverLater(): void {
    this.recoverAt ??= this.now() + recoveryDelay(this.random);
  }

  /** A server that is just starting beside this process is found within seconds, not after a minute. */
  probeSoon(): void {
    const delay = RETRY_DELAYS[this.probes];
    this.probes += 1;
    if (delay !== undefined) this.recoverAt = this.now() + delay;
  }

  /** The server was there: from now on it is looked for once a minute. */
  probed(): void {
    this.probes = RETRY_DELAYS.length;
  }
}
