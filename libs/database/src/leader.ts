import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import type { Database } from './database.js';

const POLL_MS = 500;
const HEARTBEAT_MS = 2_000;
/** Without an answer for so long the connection counts as lost: PostgreSQL may have given the lock to another. */
const HEARTBEAT_DEADLINE_MS = 5_000;

/** Leadership of one process, held by a session advisory lock on a connection of its own. */
export class Lease implements AsyncDisposable {
  private readonly ended = new AbortController();
  private readonly heartbeat: NodeJS.Timeout;

  constructor(
    /** The leader's connection. What runs on it cannot outlive the leadership: PostgreSQL frees the lock with it. */
    readonly client: PoolClient,
    private readonly key: number,
  ) {
    client.on('error', this.lose);
    client.on('end', this.lose);
    this.heartbeat = setInterval(() => void this.beat(), HEARTBEAT_MS);
    this.heartbeat.unref();
  }

  private beating = false;

  /** Aborted when the leadership is over, given up or lost with its connection. */
  get lost(): AbortSignal {
    return this.ended.signal;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.heartbeat);
    const wasLost = this.ended.signal.aborted;
    this.ended.abort();
    if (wasLost) return;
    const unlocked = await this.client.query('select pg_advisory_unlock($1)', [this.key]).then(
      () => true,
      () => false,
    );
    this.client.off('error', this.lose);
    this.client.off('end', this.lose);
    this.client.release(!unlocked);
  }

  private async beat(): Promise<void> {
    if (this.beating) return;
    this.beating = true;
    const deadline = setTimeout(this.lose, HEARTBEAT_DEADLINE_MS);
    await this.client.query('select 1').catch(this.lose);
    clearTimeout(deadline);
    this.beating = false;
  }

  private readonly lose = (): void => {
    if (this.ended.signal.aborted) return;
    clearInterval(this.heartbeat);
    this.ended.abort();
    this.client.release(true);
  };
}

/**
 * Waits until this process leads. A standby polls: it takes over within a second of the leader's end, however that ended.
 * Rejects when `signal` is aborted first. Connection errors are waited out.
 */
export async function lead(database: Database, key: number, signal: AbortSignal): Promise<Lease> {
  for (;;) {
    signal.throwIfAborted();
    const client = await database.connect().catch(() => null);
    if (client) {
      const locked = await client
        .query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [key])
        .then(({ rows }) => rows[0]?.locked === true)
        .catch(() => null);
      if (locked) return new Lease(client, key);
      client.release(locked === null);
    }
    await sleep(POLL_MS, undefined, { signal });
  }
}
