import type { LogVerifier } from '#libs/proof';
import { parseLine } from './export-line.js';
import type { HashedLines, OtherLine } from './hash-lines.js';

const HASH_BYTES = 32;

/** How far an export was read: its events are with the verifier, its checkpoints are kept for the end. */
export class ExportReading {
  readonly checkpoints: string[] = [];
  bytes = 0;
  lines = 0;

  constructor(private readonly verifier: LogVerifier) {}

  /** The next block, line by line. Throws a Failure for a line that is none of an export. */
  take(hashed: HashedLines): void {
    let event = 0;
    for (const other of hashed.others) {
      for (; event < other.event; event += 1) this.addHashed(hashed, event);
      this.addOther(other);
    }
    for (; event < hashed.events; event += 1) this.addHashed(hashed, event);
    this.lines += hashed.lines;
    this.bytes += hashed.bytes;
  }

  private addHashed({ positions, versions, micros, leaves, streamIds }: HashedLines, at: number): void {
    const linked = {
      position: positions[at] as number,
      version: versions[at] as number,
      micros: micros[at] as bigint,
      streamId: streamIds[at] as string,
    };
    this.verifier.addHashed(linked, leaves.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES));
  }

  private addOther({ text, line }: OtherLine): void {
    const entry = parseLine(text, this.lines + line + 1);
    if (entry === null) return;
    if ('checkpoint' in entry) this.checkpoints.push(entry.checkpoint);
    else this.verifier.add(entry);
  }
}
