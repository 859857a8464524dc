import type { TokenClaims } from '#libs/contracts';
import { RecentMap } from '#libs/platform';

/** About 1 kB each. */
const KEPT = 25_000;

export interface KnownToken {
  claims: TokenClaims;
  /** SHA-256 of the bare token, lower-case hex. */
  hash: string;
  kid: string;
}

/** Tokens that this process has signed, or whose signature it has found good: the last 25,000 in use at least. */
export class KnownTokens {
  private readonly tokens = new RecentMap<string, KnownToken>(KEPT);

  find(hash: string): KnownToken | undefined {
    return this.tokens.get(hash);
  }

  add(token: KnownToken): void {
    this.tokens.set(token.hash, token);
  }
}
