import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { toCloudEvent } from '#libs/contracts';
import { readRecorded } from '#libs/ledger';
import type { Logger } from '#libs/platform';
import type { LogReader } from './missed-updates.js';
import { updateOf, type Update } from './update.js';

/** Newest events that are kept in memory, for streams that resume a moment later; older ones are read from the database. */
const KEPT = 500;
const BATCH = 500;
/** A wake-up that was lost costs this at most, milliseconds. */
const POLL_MS = 500;

export interface UpdateHubOptions {
  log: LogReader;
  /** Where the log stands at start. */
  lastPosition: () => Promise<number>;
  logger: Logger;
}

/** Follows the log by position and tells every open stream; keeps the newest events for streams that resume. */
export class UpdateHub {
  private kept: Update[] = [];
  private position = 0;
  private readonly listeners = new Set<(update: Update) => void>();
  private readonly stopped = new AbortController();
  private wakeUp = new AbortController();
  private running: Promise<void> | null = null;

  constructor(private readonly options: UpdateHubOptions) {
    // One listener for each open stream, as many as there are.
    setMaxListeners(0, this.stopped.signal);
  }

  async start(): Promise<void> {
    this.position = Math.max(0, (await this.options.lastPosition()) - KEPT);
    await this.readOn();
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    this.wakeUp.abort();
    await this.running;
  }

  /** Aborted when the service stops: open streams end then, their clients resume elsewhere. */
  get stopping(): AbortSignal {
    return this.stopped.signal;
  }

  /** There is news: look now instead of at the next poll. */
  wake(): void {
    this.wakeUp.abort();
  }

  /** The newest position that streams were told of. */
  get last(): number {
    return this.position;
  }

  /** Where what is older than the events in memory is read. */
  get log(): LogReader {
    return this.options.log;
  }

  /** Everything after `after` and up to `last`; null when `after` is older than what is in memory. */
  keptAfter(after: number): Update[] | null {
    const oldest = this.kept.at(0)?.position ?? this.position + 1;
    return after < oldest - 1 ? null : this.kept.filter(({ position }) => position > after);
  }

  /** Tells all that comes from now on, without a hole behind what `keptAfter` gave in the same turn. Call the answer to end it. */
  subscribe(listener: (update: Update) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  private async run(): Promise<void> {
    const { signal } = this.stopped;
    while (!signal.aborted) {
      try {
        if (!(await this.readOn())) await this.sleep();
      } catch (error) {
        this.options.logger.warn({ err: error }, 'reading the log for updates is tried again');
        await this.sleep();
      }
    }
  }

  private async readOn(): Promise<boolean> {
    const { database, source } = this.options.log;
    // As recorded: what a newer release wrote is passed on, not understood.
    const entries = await readRecorded(database, this.position, BATCH);
    for (const entry of entries) {
      const update = updateOf(toCloudEvent(entry, source));
      this.position = entry.position;
      this.kept.push(update);
      for (const listener of this.listeners) listener(update);
    }
    if (this.kept.length > 2 * KEPT) this.kept = this.kept.slice(-KEPT);
    return entries.length === BATCH;
  }

  private async sleep(): Promise<void> {
    if (!this.wakeUp.signal.aborted)
      await pause(POLL_MS, undefined, { signal: this.wakeUp.signal }).catch(() => undefined);
    this.wakeUp = new AbortController();
  }
}
