import { mkdirSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import argon2 from 'argon2';
import { createOnce, newSecret } from '#libs/platform';

/** OWASP's second recommendation for argon2id: 19 MiB, two passes, one lane. */
export const ARGON2_COST = { type: argon2.argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
const HASH = /^\$argon2id\$/;
const LOOK_AGAIN_MS = 1_000;

/**
 * The file with the owner's secret: the secret itself (so that `sledger` on this machine can use it), or its argon2id hash where the
 * server must not hold it. A changed file counts within a second, without a restart.
 */
export class OwnerKeyFile {
  private known: { version: string; hash: string } | null = null;
  private lookedAt = -Infinity;
  private loading: Promise<string> | null = null;

  constructor(private readonly path: string) {}

  /** Makes the file (0600) with a random secret when there is none. */
  static prepare(path: string): OwnerKeyFile {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    createOnce(path, `${newSecret()}\n`);
    return new OwnerKeyFile(path);
  }

  /** The argon2id hash of the secret that the file holds now. */
  hash(): Promise<string> {
    if (this.known && performance.now() - this.lookedAt < LOOK_AGAIN_MS) return Promise.resolve(this.known.hash);
    this.loading ??= this.load().finally(() => (this.loading = null));
    return this.loading;
  }

  private async load(): Promise<string> {
    const { mtimeMs, size, ino } = await stat(this.path);
    const version = `${mtimeMs}/${size}/${ino}`;
    if (this.known?.version !== version) {
      const content = (await readFile(this.path, 'utf8')).trim();
      if (content === '') throw new Error(`${this.path} is empty. Make a new secret: sledger owner-key reset`);
      this.known = { version, hash: HASH.test(content) ? content : await argon2.hash(content, ARGON2_COST) };
    }
    this.lookedAt = performance.now();
    return this.known.hash;
  }
}
