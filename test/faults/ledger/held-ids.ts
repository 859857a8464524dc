import pg from 'pg';
import { Standstill } from '#libs/testing';

export interface HeldIds {
  /**
   * Longest time that one transaction was seen to have an id, milliseconds since it began, without those in which this process stood
   * still: it is the machine that stood then.
   */
  longestMs: number;
  /** How often one was seen at all. */
  seen: number;
}

/** Looks again and again whether a transaction of the application has an id, which holds back everybody's events. */
export class IdWatch implements AsyncDisposable {
  readonly held: HeldIds = { longestMs: 0, seen: 0 };
  private readonly looking: Promise<void>;
  private stopped = false;

  private constructor(
    private readonly client: pg.Client,
    private readonly application: string,
  ) {
    this.looking = this.look();
  }

  static async start(superuserUrl: string, application: string): Promise<IdWatch> {
    const client = new pg.Client({ connectionString: superuserUrl });
    await client.connect();
    return new IdWatch(client, application);
  }

  private async look(): Promise<void> {
    const text = `
      select extract(epoch from clock_timestamp() - xact_start)::float8 * 1000 as ms from pg_stat_activity
      where datname = current_database() and application_name = $1 and backend_xid is not null`;
    using standstill = new Standstill();
    const stood: { at: number; ms: number }[] = [];
    while (!this.stopped) {
      const { rows } = await this.client.query<{ ms: number }>(text, [this.application]);
      const now = performance.now();
      stood.push({ at: now, ms: standstill.ms });
      for (const { ms } of rows) {
        const before = stood.findLast(({ at }) => at <= now - ms)?.ms ?? 0;
        this.held.seen += 1;
        this.held.longestMs = Math.max(this.held.longestMs, ms - (standstill.ms - before));
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stopped = true;
    await this.looking;
    await this.client.end();
  }
}
