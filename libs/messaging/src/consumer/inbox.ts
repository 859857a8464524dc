import { Wake } from '../wake.js';

/** Items from a callback, taken in batches: at once when there are some, else at the first one or when the wait is over. */
export class AsyncInbox<T> {
  private items: T[] = [];
  private failure: { error: unknown } | null = null;
  private arrival: Wake | null = null;

  push(item: T): void {
    this.items.push(item);
    this.arrival?.call();
  }

  /** The next `take` that finds no items throws this. */
  fail(error: unknown): void {
    this.failure ??= { error };
    this.arrival?.call();
  }

  async take(limit: number, waitMs: number, signal: AbortSignal): Promise<T[]> {
    if (this.items.length === 0 && !this.failure && !signal.aborted) {
      this.arrival = new Wake();
      await this.arrival.sleep(waitMs, signal);
      this.arrival = null;
    }
    if (this.items.length > 0) return this.items.splice(0, limit);
    if (this.failure) throw this.failure.error;
    return [];
  }
}
