import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '#libs/database';
import { completeAttempts, type AttemptResult } from '#libs/deliveries';
import type { Logger } from '#libs/platform';

const MOST_AT_ONCE = 500;
const RETRY_MS = 250;
/** At a stop, a database that is away is waited for so long. */
const PATIENCE_MS = 10_000;

/**
 * Writes outcomes in groups: while one transaction runs, the next ones gather. Keeps trying while the database is away; an
 * outcome that comes after its lease is refused by the fence.
 */
export class OutcomeWriter {
  private queue: { result: AttemptResult; done: () => void }[] = [];
  private writing: Promise<void> | null = null;
  /** `performance.now()` from which on what cannot be written is left open. */
  private giveUpAt = Infinity;

  constructor(
    private readonly database: Database,
    private readonly logger: Logger,
    /** Called when other channels got something to send. */
    private readonly wake: () => void,
    private readonly random?: () => number,
  ) {}

  /** Resolves when the outcome is committed. */
  write(result: AttemptResult): Promise<void> {
    return new Promise((done) => {
      this.queue.push({ result, done });
      this.writing ??= this.drain();
    });
  }

  /** The process is to stop: from now on a database that does not come back is waited for no longer than this. */
  hurry(patienceMs = PATIENCE_MS): void {
    this.giveUpAt = Math.min(this.giveUpAt, performance.now() + patienceMs);
  }

  /** Resolves when nothing waits any more. */
  async close(): Promise<void> {
    this.hurry();
    await this.writing;
  }

  private async drain(): Promise<void> {
    while (this.queue.length > 0) {
      const group = this.queue.splice(0, MOST_AT_ONCE);
      await this.commit(group.map(({ result }) => result));
      for (const { done } of group) done();
    }
    this.writing = null;
  }

  private async commit(results: AttemptResult[]): Promise<void> {
    for (;;) {
      try {
        const { wake, late } = await completeAttempts(this.database, results, this.random);
        if (late.length > 0) this.logger.warn({ deliveries: late }, 'outcomes came after the lease had passed on');
        if (wake.size > 0) this.wake();
        return;
      } catch (error) {
        if (performance.now() >= this.giveUpAt) {
          this.logger.error({ err: error }, `${results.length} outcomes are not on record; their attempts stay open`);
          return;
        }
        if (isOfData(error)) return this.commitEach(results, error);
        this.logger.error({ err: error }, 'outcomes cannot be written yet');
        await sleep(RETRY_MS);
      }
    }
  }

  /** One result that can never be written keeps no other from it: its attempt counts as lost when its lease ends. */
  private async commitEach(results: AttemptResult[], error: unknown): Promise<void> {
    if (results.length > 1) {
      for (const result of results) await this.commit([result]);
      return;
    }
    const deliveryId = results[0]?.message.deliveryId;
    this.logger.error({ err: error, deliveryId }, 'an outcome cannot be written; its attempt counts as lost');
  }
}

/** The database refuses what was given, and will again (class 22 of SQLSTATE). */
function isOfData(error: unknown): boolean {
  return (error as { code?: string }).code?.startsWith('22') ?? false;
}
