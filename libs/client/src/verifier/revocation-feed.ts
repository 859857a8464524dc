import type { RevocationPage } from '#libs/contracts';
import type { OwnerHttp } from '../owner/owner-http.js';
import { ProblemError } from '../owner/problem-error.js';
import { DeadTokens } from './dead-tokens.js';

/** Follows `GET /v1/revocations` and keeps what it said. */
export class RevocationFeed {
  killSwitchActive = false;
  private known = new DeadTokens();
  /** What a feed that begins anew has said so far: all that is known once it is read to its end, in whatever number of attempts. */
  private anew: DeadTokens | null = null;
  private cursor: string | undefined;
  private upToDateAt = -Infinity;
  private reading: Promise<void> | null = null;

  constructor(
    private readonly http: OwnerHttp,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  /** What the feed has said so far. */
  get dead(): DeadTokens {
    return this.known;
  }

  /** Milliseconds since the feed was last read to its end; Infinity before that. */
  get ageMs(): number {
    return this.clock() - this.upToDateAt;
  }

  /** Reads to the end. Concurrent calls share one reading. Throws what the request threw; what was read before counts. */
  refresh(): Promise<void> {
    this.reading ??= this.read().finally(() => (this.reading = null));
    return this.reading;
  }

  /** As `refresh`, by a reading that begins after the call: one that is under way may have passed by what its caller means. */
  async refreshAnew(): Promise<void> {
    await this.reading?.catch(() => undefined);
    await this.refresh();
  }

  /**
   * A cursor that the server does not take (any more, after a restore) is given up: the feed begins anew. What it said before is no
   * longer true of a session that goes on from an earlier generation, but counts until all that is dead now is known.
   */
  private async nextPage(): Promise<RevocationPage> {
    try {
      return await this.http.call('GET /v1/revocations', { query: { cursor: this.cursor } });
    } catch (error) {
      const isRefused = error instanceof ProblemError && error.problem.code === 'BAD_REQUEST';
      if (!isRefused || this.cursor === undefined) throw error;
      this.cursor = undefined;
      this.anew = new DeadTokens();
      return this.nextPage();
    }
  }

  private async read(): Promise<void> {
    const startedAt = this.clock();
    let page: RevocationPage;
    do {
      page = await this.nextPage();
      for (const item of page.items) {
        this.known.add(item);
        this.anew?.add(item);
      }
      this.cursor = page.cursor;
      this.killSwitchActive = page.killSwitchActive;
    } while (page.hasMore);
    this.upToDateAt = startedAt;
    this.known = this.anew ?? this.known;
    this.anew = null;
    this.known.forget(Math.floor(Date.now() / 1000));
  }
}
