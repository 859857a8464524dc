import { readCheckpoint } from '#libs/proof';
import { readPrivateFile, removeLeftovers, writePrivateFile } from '#libs/token-file';
import type { Log } from '../log.js';

/** Days of which a note is kept. */
const KEPT = 30;
/** Characters of a note; one of ours has about 250. */
const MAX_NOTE = 1_024;
const MAX_BYTES = 2 * KEPT * MAX_NOTE;
/** The line before each note. */
const SEEN = /^seen (\S*)\n/m;

interface Seen {
  /** When this machine saw it, RFC 3339 UTC. */
  at: string;
  note: string;
}

/**
 * The signed checkpoints that a holder has seen, the largest of each of the last 30 days with a receipt. Kept where the server cannot
 * reach them, they are witnesses: `sledger audit verify <export> --witness <file>` shows whether history was changed since.
 * The day is this machine's, so that a server can replace no earlier day's note.
 */
export class Witnesses {
  private problem = '';

  constructor(
    private readonly path: string,
    private readonly log: Log,
  ) {}

  /** Never throws: a session does not depend on it. What is no checkpoint, or could pass for lines of the file, is not kept. */
  async keep(note: string, now = new Date()): Promise<void> {
    const size = note.length > MAX_NOTE || SEEN.test(note) ? undefined : readCheckpoint(note)?.size;
    if (size === undefined) return;
    try {
      const kept = this.read();
      const at = now.toISOString();
      const last = kept.at(-1);
      const isOfToday = last?.at.slice(0, 10) === at.slice(0, 10);
      // A log that is no longer than it was has nothing to add; one that became shorter must not make its longer past forgotten.
      if (isOfToday && size <= (readCheckpoint(last.note)?.size ?? 0)) return;
      removeLeftovers(this.path);
      const earlier = isOfToday ? kept.slice(0, -1) : kept;
      const notes = [...earlier, { at, note }].slice(-KEPT);
      await writePrivateFile(this.path, notes.map((seen) => `seen ${seen.at}\n${seen.note}`).join('\n'));
      this.problem = '';
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.problem) this.log.warn(`A checkpoint of the log was not kept as a witness: ${message}`);
      this.problem = message;
    }
  }

  private read(): Seen[] {
    const text = readPrivateFile(this.path, MAX_BYTES) ?? '';
    const [, ...parts] = text.split(SEEN);
    return parts.flatMap((at, index) =>
      index % 2 === 0 ? [{ at, note: `${(parts[index + 1] ?? '').trimEnd()}\n` }] : [],
    );
  }
}
