/** A line above the limit was skipped; `start` is its beginning, for finding out who has to be told. */
export interface OversizedLine {
  oversized: true;
  start: Buffer;
  bytes: number;
}

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** How much of an oversized line is kept. Bytes. */
const KEPT = 65_536;

/**
 * Cuts a stream of bytes into lines. Each byte is looked at once and copied at most once, whatever the chunks: the cost
 * is linear in the message, where joining strings would make it quadratic.
 */
export class LineSplitter {
  private parts: Buffer[] = [];
  private length = 0;

  /** @param limit longest line, bytes */
  constructor(private readonly limit: number) {}

  /** Takes a chunk and gives the lines that it completes, without their ends. */
  *feed(chunk: Buffer): Generator<string | OversizedLine> {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      this.keep(chunk.subarray(from, at));
      from = at + 1;
      yield this.finish();
    }
    this.keep(chunk.subarray(from));
  }

  private keep(part: Buffer): void {
    if (part.length === 0) return;
    this.length += part.length;
    if (this.length <= this.limit) this.parts.push(part);
    else this.trim();
  }

  /** Above the limit only the beginning stays in memory. */
  private trim(): void {
    const kept = this.parts.reduce((sum, part) => sum + part.length, 0);
    this.parts = [Buffer.concat(this.parts, Math.min(kept, KEPT))];
  }

  private finish(): string | OversizedLine {
    const { parts, length } = this;
    this.parts = [];
    this.length = 0;
    if (length > this.limit) return { oversized: true, start: Buffer.concat(parts), bytes: length };
    const line = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, length);
    const end = line.at(-1) === CARRIAGE_RETURN ? line.length - 1 : line.length;
    return line.toString('utf8', 0, end);
  }
}
