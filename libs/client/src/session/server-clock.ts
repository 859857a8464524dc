/** Wall clock against monotonic clock: more than this is a sleep or a step, not drift. Milliseconds. */
const JUMP = 2_000;

/**
 * The server's time, from the `Date` of its answers. A `Date` has whole seconds, so each answer only bounds the offset;
 * the bounds of many answers narrow it far below a second.
 */
export class ServerClock {
  private low = -Infinity;
  private high = Infinity;
  private lag = Date.now() - performance.now();

  /** Whether an answer has told the offset since the start or the last jump. */
  get known(): boolean {
    return this.low > -Infinity;
  }

  /** Server time in epoch milliseconds; the local clock while nothing is known. */
  now(): number {
    return Date.now() + this.offset();
  }

  /** The earliest that the server's clock may show now, epoch milliseconds: what is over on it is over on the server. */
  earliest(): number {
    return Date.now() + (this.known ? this.low : 0);
  }

  /** Server minus local, milliseconds. */
  offset(): number {
    return this.known ? (this.low + this.high) / 2 : 0;
  }

  /** Learns from one answer: sent and received are local wall-clock milliseconds. */
  observe(date: string | undefined, sentAt: number, receivedAt: number): void {
    const server = date === undefined ? NaN : Date.parse(date);
    if (Number.isNaN(server)) return;
    const low = server - receivedAt;
    const high = server + 1000 - sentAt;
    const agrees = low <= this.high && high >= this.low;
    this.low = agrees ? Math.max(low, this.low) : low;
    this.high = agrees ? Math.min(high, this.high) : high;
  }

  /**
   * Whether the wall clock moved apart from the monotonic one since the last call: the machine slept, or somebody set
   * the clock. The offset is then forgotten, for nobody here can tell which of the two it was.
   */
  jumped(): boolean {
    const lag = Date.now() - performance.now();
    const moved = Math.abs(lag - this.lag) > JUMP;
    this.lag = lag;
    if (moved) {
      this.low = -Infinity;
      this.high = Infinity;
    }
    return moved;
  }
}
