import { openCheckpoint, type Checkpoint } from '../checkpoint.js';
import { Frontier } from '../merkle.js';
import type { NoteVerifier } from '../signed-note.js';
import { FindingList, type Finding } from './findings.js';
import { type ExportedEvent, hashEvent, type LinkedEvent } from './hash-event.js';
import { LeafList } from './leaf-list.js';

export interface VerifyReport {
  /** Nothing wrong was found. What that proves is in `proven` and `witnessed`. */
  ok: boolean;
  events: number;
  findings: Finding[];
  /** All findings, also those beyond the list. */
  findingCount: number;
  /** Largest signed checkpoint that these events agree with; 0 when there is none. */
  proven: number;
  /** Largest checkpoint kept elsewhere that these events agree with; 0 when there is none: completeness is not provable. */
  witnessed: number;
}

/** Where a signed checkpoint comes from: the log's own copy, or one that was kept out of the operator's reach. */
interface Note {
  text: string;
  isWitness: boolean;
}

/**
 * Verifies an export of the whole log, without database and server: feed the events in the order of the file, then
 * `finish` with the checkpoints. Any input is safe; nothing is thrown for what it holds.
 */
export class LogVerifier {
  private readonly leaves = new LeafList();
  private readonly streams = new Map<string, { version: number; micros: bigint }>();
  private readonly findings = new FindingList();

  /** `keys` are the log's public keys, from a source that the verifier trusts. */
  constructor(private readonly keys: readonly NoteVerifier[]) {}

  add(event: ExportedEvent): void {
    this.comparePosition(event);
    try {
      this.hash(event);
    } catch (error) {
      const position = this.leaves.count + 1;
      const message = `the event at ${position} cannot be hashed: ${(error as Error).message}`;
      this.findings.add({ code: 'EVENT_UNREADABLE', position, message });
      this.leaves.push(Buffer.alloc(32));
    }
  }

  /** The same for an event that `hashEvent` gave the very leaf that it carries: `leaf`, 32 bytes. */
  addHashed(event: LinkedEvent, leaf: Uint8Array): void {
    this.comparePosition(event);
    this.link(event);
    this.leaves.push(leaf);
  }

  /** `checkpoints`: signed notes of the log itself. `witnesses`: such notes that were kept elsewhere. */
  finish({ checkpoints, witnesses = [] }: { checkpoints: string[]; witnesses?: string[] }): VerifyReport {
    const notes = [
      ...checkpoints.map((text) => ({ text, isWitness: false })),
      ...witnesses.map((text) => ({ text, isWitness: true })),
    ];
    const opened = notes.flatMap((note) => this.open(note)).sort((a, b) => a.checkpoint.size - b.checkpoint.size);
    const agreed = this.compare(opened);
    return {
      ok: this.findings.count === 0,
      events: this.leaves.count,
      findings: this.findings.items,
      findingCount: this.findings.count,
      ...agreed,
    };
  }

  /** A file may hold anything in the place of a number or a text, also what cannot be written as one. */
  private comparePosition({ position, streamId }: { position: unknown; streamId: unknown }): void {
    const expected = this.leaves.count + 1;
    if (position === expected) return;
    const isNumber = typeof position === 'number';
    const found = isNumber ? `position ${position}` : 'an event without a position';
    const message = `${found} stands where ${expected} is due: an event was removed, inserted or moved`;
    const where = { position: isNumber ? position : expected, ...(typeof streamId === 'string' && { streamId }) };
    this.findings.add({ code: 'POSITION_NOT_DENSE', ...where, message });
  }

  private hash(event: ExportedEvent): void {
    const { position, streamId, version } = event;
    const { micros, leaf } = hashEvent(event);
    if (leaf !== event.leaf) {
      const message = `the event at ${position} does not give its leaf: a field of it was changed`;
      this.findings.add({ code: 'LEAF_DIFFERS', position, streamId, message });
    }
    this.link({ position, streamId, version, micros });
    this.leaves.pushHex(leaf);
  }

  /** Compares an event with the one before it in its stream. */
  private link({ position, streamId, version, micros }: LinkedEvent): void {
    const before = this.streamOf(streamId, micros);
    if (version !== before.version + 1) {
      const message = `${streamId} goes from version ${before.version} to ${version} at position ${position}`;
      this.findings.add({ code: 'VERSION_NOT_DENSE', position, streamId, message });
    }
    if (micros < before.micros) {
      const message = `time goes back in ${streamId} at position ${position}`;
      this.findings.add({ code: 'TIME_GOES_BACK', position, streamId, message });
    }
    before.version = version;
    before.micros = micros;
  }

  private streamOf(streamId: string, micros: bigint): { version: number; micros: bigint } {
    const known = this.streams.get(streamId);
    if (known) return known;
    const begun = { version: 0, micros };
    this.streams.set(streamId, begun);
    return begun;
  }

  private open(note: Note): { checkpoint: Checkpoint; isWitness: boolean }[] {
    const checkpoint = openCheckpoint(note.text, this.keys);
    if (checkpoint) return [{ checkpoint, isWitness: note.isWitness }];
    const which = note.isWitness ? 'witness' : 'checkpoint';
    const message = `a ${which} bears no signature of a known key: it was signed with another key, or altered`;
    this.findings.add({ code: 'SIGNATURE_UNKNOWN', message });
    return [];
  }

  /** One pass over the leaves; each checkpoint is compared at its size. */
  private compare(opened: { checkpoint: Checkpoint; isWitness: boolean }[]): { proven: number; witnessed: number } {
    const tree = new Frontier();
    const agreed = { proven: 0, witnessed: 0 };
    let lastGood = 0;
    for (const { checkpoint, isWitness } of opened) {
      const { size, root } = checkpoint;
      while (tree.size < Math.min(size, this.leaves.count)) tree.push(this.leaves.at(tree.size));
      if (size > this.leaves.count) {
        const message = `a checkpoint of ${checkpoint.time || 'unknown time'} covers ${size} events, here are ${this.leaves.count}: the tail was cut`;
        this.findings.add({ code: 'TAIL_CUT', from: this.leaves.count + 1, position: size, message });
      } else if (tree.root().equals(root)) {
        lastGood = size;
        if (isWitness) agreed.witnessed = size;
        else agreed.proven = size;
      } else {
        this.findings.add(rootFinding({ size, isWitness, from: lastGood + 1 }));
      }
    }
    return agreed;
  }
}

function rootFinding({ size, isWitness, from }: { size: number; isWitness: boolean; from: number }): Finding {
  const range = `positions ${from} to ${size}`;
  if (isWitness) {
    const message = `the log disagrees with a witness of size ${size}: history in ${range} was rewritten and signed again`;
    return { code: 'WITNESS_DIFFERS', from, position: size, message };
  }
  const message = `the events do not give the root signed at size ${size}: in ${range} one was changed, removed, inserted or moved`;
  return { code: 'ROOT_DIFFERS', from, position: size, message };
}
