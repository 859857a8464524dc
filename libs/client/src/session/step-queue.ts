import { setTimeout as sleep } from 'node:timers/promises';

/** Runs asynchronous steps one after the other. A step that waits under the same name is not queued twice. */
export class StepQueue {
  private tail: Promise<unknown> = Promise.resolve();
  private readonly waiting = new Set<string>();
  private running: string | null = null;
  private closed = false;

  /** @param failed told of a step that threw; the queue goes on */
  constructor(private readonly failed: (error: unknown) => void) {}

  /** Queues a step, unless one of its name is waiting (a running one does not count). */
  add(name: string, step: () => Promise<unknown>): void {
    if (this.closed || this.waiting.has(name)) return;
    this.waiting.add(name);
    this.tail = this.tail
      .then(async () => {
        this.waiting.delete(name);
        this.running = name;
        if (!this.closed) await step();
      })
      .catch((error: unknown) => this.failed(error))
      .finally(() => (this.running = null));
  }

  /** Queues a step that the clock asks for: while it runs, it is not due again. */
  addDue(name: string, step: () => Promise<unknown>): void {
    if (this.running !== name) this.add(name, step);
  }

  /** Queues a step and gives what it returns. */
  run<T>(step: () => Promise<T>): Promise<T> {
    const result = this.tail.then(step);
    this.tail = result.catch(() => undefined);
    return result;
  }

  /** Drops what waits and gives the running step up to `patience` milliseconds. */
  async close(patience: number): Promise<void> {
    this.closed = true;
    const giveUp = new AbortController();
    await Promise.race([this.tail, sleep(patience, undefined, { signal: giveUp.signal }).catch(() => undefined)]);
    giveUp.abort();
  }
}
