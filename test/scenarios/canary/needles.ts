/** A secret under every form in which it might be written down. */
interface Needle {
  name: string;
  bytes: Buffer;
}

const SHORTEST = 8;

/** Looks for many secrets at once, in any bytes. */
export class Needles {
  /** Indexed by a needle's first two bytes. */
  private readonly byStart = new Map<number, Needle[]>();
  private readonly names = new Set<string>();

  /** How many secrets are looked for. */
  get size(): number {
    return this.names.size;
  }

  add(name: string, secret: string | Buffer): void {
    const raw = Buffer.from(secret as string);
    if (raw.length < SHORTEST) throw new Error(`${name} is too short to be told from chance`);
    if (this.names.has(name)) return;
    this.names.add(name);
    for (const text of new Set(formsOf(raw))) this.keep({ name, bytes: Buffer.from(text, 'latin1') });
  }

  /** Names of the secrets that stand in these bytes, each once. */
  in(haystack: Buffer | string): string[] {
    const bytes = typeof haystack === 'string' ? Buffer.from(haystack) : haystack;
    const found = new Set<string>();
    for (let at = 0; at + SHORTEST <= bytes.length; at++) {
      const candidates = this.byStart.get((bytes[at] as number) | ((bytes[at + 1] as number) << 8));
      for (const { name, bytes: wanted } of candidates ?? []) {
        if (bytes.subarray(at, at + wanted.length).equals(wanted)) found.add(name);
      }
    }
    return [...found];
  }

  private keep(needle: Needle): void {
    const start = (needle.bytes[0] as number) | ((needle.bytes[1] as number) << 8);
    this.byStart.set(start, [...(this.byStart.get(start) ?? []), needle]);
  }
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
