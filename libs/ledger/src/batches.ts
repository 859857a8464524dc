export interface BatchesOptions<T> {
  /** Batches under way at most; what comes in meanwhile goes into the next ones. */
  atOnce: number;
  /** The next batch of those that wait, and who goes on waiting. */
  take: (waiting: readonly T[]) => { batch: T[]; later: T[] };
  /** Never rejects: each of the batch has its own answer. */
  work: (batch: T[]) => Promise<void>;
}

/** Gathers what comes in at once and works on it together. One alone is a batch of its own, and does not wait. */
export class Batches<T> {
  private underWay = 0;
  private waiting: T[] = [];
  private isScheduled = false;

  constructor(private readonly options: BatchesOptions<T>) {}

  add(one: T): void {
    this.waiting.push(one);
    if (this.isScheduled) return;
    this.isScheduled = true;
    // Those of one turn of the event loop go together.
    setImmediate(() => {
      this.isScheduled = false;
      this.send();
    });
  }

  private send(): void {
    const { atOnce, take, work } = this.options;
    while (this.waiting.length > 0 && this.underWay < atOnce) {
      const { batch, later } = take(this.waiting);
      this.waiting = later;
      this.underWay += 1;
      void work(batch).finally(() => {
        this.underWay -= 1;
        this.send();
      });
    }
  }
}
