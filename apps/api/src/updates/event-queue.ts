import { type Writable } from 'node:stream';

/** More than a whole resume may wait, and not more: a client that does not read is cut off and resumes from its last event. */
const MAX_WAITING = 20_000;

/** Writes messages to a client as fast as it reads, in order. */
export class EventQueue {
  private waiting: string[] = [];
  private next = 0;
  private blocked = false;

  constructor(private readonly output: Writable) {
    output.on('drain', () => {
      this.blocked = false;
      this.flush();
    });
  }

  /** Whether everything that was put has left for the network. */
  get isEmpty(): boolean {
    return this.next === this.waiting.length;
  }

  put(message: string): void {
    if (this.output.writableEnded || this.output.destroyed) return;
    if (this.waiting.length - this.next >= MAX_WAITING) {
      this.output.destroy();
      return;
    }
    this.waiting.push(message);
    this.flush();
  }

  /** Nothing after this; what waits is still written. */
  end(): void {
    if (this.output.writableEnded) return;
    const rest = this.waiting.slice(this.next).join('');
    this.waiting = [];
    this.next = 0;
    this.output.end(rest);
  }

  private flush(): void {
    while (!this.blocked && this.next < this.waiting.length) {
      this.blocked = !this.output.write(this.waiting[this.next]);
      this.next++;
    }
    if (this.isEmpty) {
      this.waiting = [];
      this.next = 0;
    }
  }
}
