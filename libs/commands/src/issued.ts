import type { SessionHead } from '#libs/ledger';

/** A session with its token just issued, or derived again. */
export interface SessionWithIssuedToken {
  head: SessionHead;
  /** The bare JWT; null on a replay once another generation is current. */
  token: string | null;
  /** Database time, epoch seconds. */
  now: number;
}
