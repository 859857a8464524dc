import type { Revocation } from '#libs/contracts';

interface DeadSession {
  ended: boolean;
  /** Tokens below the last generation are dead from then on; a renewal inside another one's grace keeps both. */
  below: { generation: number; deadFrom: number }[];
  /** Epoch seconds after which no token of it can be alive. */
  forgetAt: number;
}

/** No token lives longer (90 days): what died that long ago needs no memory. */
const LONGEST_TOKEN_SECONDS = 7_776_000;

/** What the feed has said so far, by session. Times are epoch seconds. */
export class DeadTokens {
  private readonly sessions = new Map<string, DeadSession>();

  add({ sessionId, generation, ended, deadFrom }: Revocation): void {
    const from = Math.floor(Date.parse(deadFrom) / 1000);
    const known = this.sessions.get(sessionId);
    this.sessions.delete(sessionId);
    this.sessions.set(sessionId, {
      ended: ended || (known?.ended ?? false),
      below: ended
        ? []
        : [...(known?.below ?? []).filter((one) => one.deadFrom > from), { generation, deadFrom: from }],
      forgetAt: from + LONGEST_TOKEN_SECONDS,
    });
  }

  isDead({ sid, gen }: { sid: string; gen: number }, now: number): boolean {
    const session = this.sessions.get(sid);
    if (!session) return false;
    return session.ended || session.below.some(({ generation, deadFrom }) => gen < generation && now >= deadFrom);
  }

  /** Drops what cannot matter any more; in the order of news, so that it ends at the first that may. */
  forget(now: number): void {
    for (const [sessionId, { forgetAt }] of this.sessions) {
      if (forgetAt > now) return;
      this.sessions.delete(sessionId);
    }
  }

  get size(): number {
    return this.sessions.size;
  }
}
