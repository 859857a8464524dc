import type { TokenClaims } from '#libs/contracts';

/** About 1 kB each. */
const KEPT = 10_000;

export interface KnownToken {
  claims: TokenClaims;
  /** SHA-256 of the bare token, lower-case hex. */
  hash: string;
  kid: string;
}

/** Tokens that this process has signed, or whose signature it has found good: the last 10,000 in use, and at most as many older ones. */
export class KnownTokens {
  private recent = new Map<string, KnownToken>();
  private older = new Map<string, KnownToken>();

  find(hash: string): KnownToken | undefined {
    const recent = this.recent.get(hash);
    if (recent) return recent;
    const older = this.older.get(hash);
    if (older) this.add(older);
    return older;
  }

  add(token: KnownToken): void {
    // All at once: to look for the oldest of a map takes longer the more have left it.
    if (this.recent.size >= KEPT) {
      this.older = this.recent;
      this.recent = new Map();
    }
    this.recent.set(token.hash, token);
  }
}
