import { type ExportedEvent, hashEvent } from '#libs/proof';
import { parseLine } from './export-line.js';

const NEW_LINE = 0x0a;
const HASH_BYTES = 32;

/** A block of an export's lines after the work that needs no other block; in columns, which pass between threads cheaply. */
export interface HashedLines {
  bytes: number;
  lines: number;
  /** How many events gave the leaf they carry: the columns hold these. */
  events: number;
  positions: Float64Array<ArrayBuffer>;
  versions: Float64Array<ArrayBuffer>;
  micros: BigInt64Array<ArrayBuffer>;
  leaves: Uint8Array<ArrayBuffer>;
  streamIds: string[];
  /** Every other line as it stands: header, checkpoints, and whatever there is to say something about. */
  others: OtherLine[];
}

export interface OtherLine {
  text: string;
  /** Lines of the block before it. */
  line: number;
  /** Events in the columns before it. */
  event: number;
}

/** Reads lines and hashes their events. Never throws for what they hold: what is not in order is left to the caller. */
export function hashLines(block: Uint8Array): HashedLines {
  const buffer = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  const ends = lineEnds(buffer);
  const hashed: HashedLines = {
    bytes: block.byteLength,
    lines: ends.length,
    events: 0,
    positions: new Float64Array(ends.length),
    versions: new Float64Array(ends.length),
    micros: new BigInt64Array(ends.length),
    leaves: new Uint8Array(ends.length * HASH_BYTES),
    streamIds: [],
    others: [],
  };
  const leaves = Buffer.from(hashed.leaves.buffer);
  let start = 0;
  for (const [line, end] of ends.entries()) {
    const text = buffer.toString('utf8', start, end);
    if (!take(text, hashed, leaves)) hashed.others.push({ text, line, event: hashed.events });
    start = end + 1;
  }
  return hashed;
}

/** What may be handed over to another thread instead of being copied. */
export function memoryOf({ positions, versions, micros, leaves }: HashedLines): ArrayBuffer[] {
  return [positions.buffer, versions.buffer, micros.buffer, leaves.buffer];
}

function lineEnds(buffer: Buffer): number[] {
  const ends: number[] = [];
  for (let start = 0; start < buffer.length; start = (ends.at(-1) as number) + 1) {
    const end = buffer.indexOf(NEW_LINE, start);
    ends.push(end === -1 ? buffer.length : end);
  }
  return ends;
}

/** Into the columns, if it is an event that gives its leaf. */
function take(text: string, hashed: HashedLines, leaves: Buffer): boolean {
  try {
    const entry = parseLine(text, 0);
    if (entry === null || 'checkpoint' in entry || !isPlain(entry)) return false;
    const { micros, leaf } = hashEvent(entry);
    if (leaf !== entry.leaf) return false;
    const at = hashed.events++;
    hashed.positions[at] = entry.position;
    hashed.versions[at] = entry.version;
    hashed.micros[at] = micros;
    hashed.streamIds.push(entry.streamId);
    leaves.write(leaf, at * HASH_BYTES, 'hex');
    return true;
  } catch {
    return false;
  }
}

/** A column of numbers holds these as they are. */
function isPlain({ position, version, streamId }: ExportedEvent): boolean {
  return Number.isSafeInteger(position) && Number.isSafeInteger(version) && typeof streamId === 'string';
}
