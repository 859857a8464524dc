import { performance } from 'node:perf_hooks';

const LOOK_MS = 20;

/**
 * How long this process got no turn: a machine with too much to do lets it stand, and every time that is measured here is longer by as
 * much. A limit of a time is held against what was measured less this.
 */
export class Standstill implements Disposable {
  private total = 0;
  private last = performance.now();
  private readonly timer = setInterval(() => this.look(), LOOK_MS);

  /** Milliseconds since the start of watching, of all pauses together. */
  get ms(): number {
    this.look();
    return this.total;
  }

  [Symbol.dispose](): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const now = performance.now();
    this.total += Math.max(0, now - this.last - LOOK_MS);
    this.last = now;
  }
}
