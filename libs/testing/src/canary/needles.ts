/** A secret under every form in which it might be written down, or what all secrets of a kind begin with. */
interface Needle {
  name: string;
  bytes: Buffer;
  /** What must stand there in whole; left out: the bytes themselves are enough. */
  shape?: RegExp;
}

export interface Hit {
  /** Name of the secret, never the secret. */
  name: string;
  /** Of its first byte. */
  offset: number;
}

/** A word of a needle, and how far from its start. */
interface Part {
  needle: Needle;
  delta: number;
}

const WORD = 4;
/** Whatever its place, a text of so many bytes has a whole word at an address that words begin at. */
const SHORTEST = 2 * WORD - 1;
/** Room for a token of the greatest length. */
export const LONGEST_SHAPE = 16_384;
const TABLE_BITS = 18;
const SHIFT = 32 - TABLE_BITS;
const SPREAD = 0x9e3779b1;
// A global is slow to reach from the world that Jest gives a test.
const { imul } = Math;
const BLOCK = 65_536;
const ZEROS = Buffer.alloc(BLOCK);

/** Looks for many secrets at once, in any bytes, in one pass that reads a word at a time, however many they are. */
export class Needles {
  private readonly byWord = new Map<number, Part[]>();
  /** Whether a word of this hash may belong to a needle. */
  private readonly isKnown = new Uint8Array(1 << TABLE_BITS);
  private readonly known = new Set<string>();

  /** How many secrets, and kinds of secrets, are looked for. */
  get size(): number {
    return this.known.size;
  }

  add(name: string, secret: string | Buffer): void {
    const raw = Buffer.from(secret as string);
    if (raw.length <= SHORTEST) throw new Error(`${name} is too short to be told from chance`);
    const text = raw.toString('latin1');
    if (this.known.has(text)) return;
    this.known.add(text);
    for (const form of new Set(formsOf(raw))) this.keep({ name, bytes: Buffer.from(form, 'latin1') });
  }

  /** Every secret of a kind, known or not: `shape` (sticky) is tried wherever one of `starts` stands. */
  addShape(name: string, starts: string[], shape: RegExp): void {
    this.known.add(name);
    for (const start of starts) {
      if (start.length < SHORTEST) throw new Error(`${start} is too short for a start`);
      this.keep({ name, bytes: Buffer.from(start, 'latin1'), shape });
    }
  }

  /** Names of the secrets that stand in these bytes, each once. */
  in(haystack: Buffer | string): string[] {
    const bytes = typeof haystack === 'string' ? Buffer.from(haystack) : haystack;
    return [...new Set(this.find(bytes).map(({ name }) => name))];
  }

  /** Each secret at each place. */
  find(bytes: Buffer): Hit[] {
    const hits: Hit[] = [];
    const first = -bytes.byteOffset & (WORD - 1);
    if (bytes.length < first + WORD) return hits;
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + first, Math.floor((bytes.length - first) / WORD));
    for (let from = first; from < bytes.length; from += BLOCK) {
      const end = Math.min(from + BLOCK, bytes.length);
      // Files of databases are largely empty.
      if (bytes.compare(ZEROS, 0, end - from, from, end) === 0) continue;
      this.findBetween(words, (from - first) / WORD, Math.floor((end - first) / WORD), (at, word) => {
        for (const { needle, delta } of this.byWord.get(word) ?? []) {
          const offset = first + at * WORD - delta;
          if (offset >= 0 && stands(needle, bytes, offset)) hits.push({ name: needle.name, offset });
        }
      });
    }
    return hits;
  }

  private findBetween(words: Int32Array, from: number, end: number, look: (at: number, word: number) => void): void {
    const { isKnown } = this;
    for (let at = from; at < end; at++) {
      const word = words[at] as number;
      if (isKnown[imul(word, SPREAD) >>> SHIFT] === 1) look(at, word);
    }
  }

  private keep(needle: Needle): void {
    for (let delta = 0; delta < WORD; delta++) {
      const word = wordOf(needle.bytes.subarray(delta, delta + WORD));
      this.isKnown[imul(word, SPREAD) >>> SHIFT] = 1;
      this.byWord.set(word, [...(this.byWord.get(word) ?? []), { needle, delta }]);
    }
  }
}

/** As this machine reads it. */
function wordOf(bytes: Uint8Array): number {
  return new Int32Array(Uint8Array.from(bytes).buffer)[0] as number;
}

function stands({ bytes: wanted, shape }: Needle, bytes: Buffer, start: number): boolean {
  if (bytes.compare(wanted, 0, wanted.length, start, Math.min(start + wanted.length, bytes.length)) !== 0) return false;
  if (shape === undefined) return true;
  shape.lastIndex = 0;
  return shape.test(bytes.toString('latin1', start, start + LONGEST_SHAPE));
}

/** As it is, as bytea and other hex, as base64, inside a URL, inside JSON. */
function formsOf(raw: Buffer): string[] {
  const text = raw.toString('latin1');
  return [
    text,
    raw.toString('hex'),
    raw.toString('hex').toUpperCase(),
    raw.toString('base64').replace(/=+$/, ''),
    raw.toString('base64url'),
    encodeURIComponent(raw.toString('utf8')),
    JSON.stringify(raw.toString('utf8')).slice(1, -1),
  ];
}
