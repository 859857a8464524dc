import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
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
    readonly client: Client,
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
    this.client.off('error', this.lose);
    this.client.off('end', this.lose);
    // Before the connection goes: when this resolves, the next one can have it.
    await this.client.query('select pg_advisory_unlock($1)', [this.key]).catch(() => undefined);
    await hangUp(this.client);
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
    void hangUp(this.client);
  };
}

/**
 * Waits until this process leads, on a connection beside the pool: leases that are held for ever leave the pool to the work.
 * A standby polls: it takes over within a second of the leader's end, however that ended. Rejects when `signal` is aborted
 * first. Connection errors are waited out.
 */
export async function lead(database: Database, key: number, signal: AbortSignal): Promise<Lease> {
  let client: Client | null = null;
  try {
    for (;;) {
      signal.throwIfAborted();
      client ??= await database.connectBeside().catch(() => null);
      const locked = client && (await tryLock(client, key));
      if (client && locked === true) return new Lease(client, key);
      if (client && locked === null) {
        await hangUp(client);
        client = null;
      }
      await sleep(POLL_MS, undefined, { signal });
    }
  } catch (error) {
    if (client) await hangUp(client);
    throw error;
  }
}

/** Null when the connection is of no use any more. */
function tryLock(client: Client, key: number): Promise<boolean | null> {
  return client.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [key]).then(
    ({ rows }) => rows[0]?.locked === true,
    () => null,
  );
}

async function hangUp(client: Client): Promise<void> {
  await client.end().catch(() => undefined);
}
