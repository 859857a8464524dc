import pg from 'pg';
import { Standstill } from '#libs/testing';

/** Looks again and again whether a transaction of the application has an id, which holds back everybody's events. */
export class IdWatch implements AsyncDisposable {
  /**
   * By transaction: milliseconds since it began when it was last seen to have its id, without those in which this process stood still
   * without working itself, or the transaction waited for the disk from one look to the next: it is the machine that stood then.
   */
  private readonly held = new Map<string, number>();
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
      select backend_xid::text as id, extract(epoch from clock_timestamp() - xact_start)::float8 * 1000 as ms,
        coalesce(wait_event_type = 'IO' or wait_event = 'WALWrite', false) as disk
      from pg_stat_activity
      where datname = current_database() and application_name = $1 and backend_xid is not null`;
    using standstill = new Standstill();
    let last = { at: performance.now(), stood: 0, worked: workedMs(), disk: false, away: 0 };
    const looks = [last];
    while (!this.stopped) {
      const { rows } = await this.client.query<{ id: string; ms: number; disk: boolean }>(text, [this.application]);
      const [at, stood, worked] = [performance.now(), standstill.ms, workedMs()];
      const disk = rows.some((row) => row.disk);
      const still = Math.max(0, stood - last.stood - (worked - last.worked));
      last = { at, stood, worked, disk, away: last.away + (disk && last.disk ? at - last.at : still) };
      looks.push(last);
      for (const { id, ms } of rows) {
        const before = looks.findLast((look) => look.at <= at - ms)?.away ?? 0;
        this.held.set(id, ms - (last.away - before));
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** How long they had theirs, milliseconds, the longest first. */
  get heldMs(): number[] {
    return [...this.held.values()].sort((a, b) => b - a);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stopped = true;
    await this.looking;
    await this.client.end();
  }
}

/** Processor time of this process: what is watched may run in it. */
function workedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
