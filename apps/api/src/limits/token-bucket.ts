import { RecentMap } from '#libs/platform';

const BUCKETS_KEPT = 20_000;

interface Bucket {
  tokens: number;
  at: number;
}

export interface Taken {
  /** Whether the request may pass. */
  ok: boolean;
  /** Requests that may follow at once. */
  remaining: number;
  /** Seconds until the next one may pass, or until the bucket is full again when it may pass now. */
  resetSeconds: number;
}

/** Token buckets by key: `rate` a second in the long run, `burst` at once. The keys seen last are kept. */
export class TokenBuckets {
  private readonly buckets = new RecentMap<string, Bucket>(BUCKETS_KEPT);

  constructor(
    readonly rate: number,
    readonly burst: number,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  take(key: string): Taken {
    const now = this.clock();
    const known = this.buckets.get(key);
    const tokens = known ? Math.min(this.burst, known.tokens + ((now - known.at) / 1000) * this.rate) : this.burst;
    const ok = tokens >= 1;
    const left = ok ? tokens - 1 : tokens;
    this.buckets.set(key, { tokens: left, at: now });
    const missing = ok ? this.burst - left : 1 - left;
    return { ok, remaining: Math.floor(left), resetSeconds: Math.ceil(missing / this.rate) };
  }
}
