import type { Writable } from 'node:stream';

/** Characters that may wait for one client. One that does not read is cut off beyond this, and resumes from its last event. */
export const MAX_WAITING = 4_000_000;

/** Writes messages to a client as fast as it reads, in order, and holds no more than `MAX_WAITING` for it. */
export class EventQueue {
  private waiting: string[] = [];
  private next = 0;
  private size = 0;
  private blocked = false;
  private emptied: (() => void)[] = [];

  constructor(private readonly output: Writable) {
    output.on('drain', () => {
      this.blocked = false;
      this.flush();
    });
    output.on('close', () => this.tellEmptied());
  }

  /** Whether everything that was put has left for the network. */
  get isEmpty(): boolean {
    return this.next === this.waiting.length;
  }

  get isClosed(): boolean {
    return this.output.writableEnded || this.output.destroyed;
  }

  put(message: string): void {
    if (this.isClosed) return;
    if (this.size + message.length > MAX_WAITING) {
      this.output.destroy();
      return;
    }
    this.waiting.push(message);
    this.size += message.length;
    this.flush();
  }

  /** Resolves once the client has read what was put, or has gone. */
  drained(): Promise<void> {
    if ((this.isEmpty && !this.blocked) || this.isClosed) return Promise.resolve();
    return new Promise((resolve) => this.emptied.push(resolve));
  }

  /** Nothing after this; what waits is still written. */
  end(): void {
    if (this.isClosed) return;
    const rest = this.waiting.slice(this.next).join('');
    this.clear();
    this.output.end(rest);
  }

  private flush(): void {
    for (let message = this.waiting[this.next]; !this.blocked && message !== undefined;) {
      this.blocked = !this.output.write(message);
      this.size -= message.length;
      message = this.waiting[++this.next];
    }
    if (!this.isEmpty) return;
    this.clear();
    if (!this.blocked) this.tellEmptied();
  }

  private clear(): void {
    this.waiting = [];
    this.next = 0;
    this.size = 0;
  }

  private tellEmptied(): void {
    for (const tell of this.emptied.splice(0)) tell();
  }
}
