import { statSync } from 'node:fs';
import { inspectMcpToken, writeMcpToken } from '#libs/token-file';
import type { Log } from '../log.js';
import { holdToken, type HeldToken } from './held-token.js';

/** Attempts against writers of older tokens that come in between. */
const WRITE_ROUNDS = 3;

/** The token file of one holder, as its processes share it. */
export class TokenStore {
  /** What is wrong with the file, or null. */
  problem: string | null = null;
  private seen = '';

  constructor(
    readonly path: string,
    private readonly log: Log,
  ) {}

  /** The token in the file, or null; a refusal is logged once. */
  read(): HeldToken | null {
    const file = inspectMcpToken(this.path);
    const token = 'token' in file ? holdToken(file.token) : null;
    const problem =
      'refused' in file
        ? file.refused
        : 'token' in file && token === null
          ? `${this.path}: its token cannot be decoded, or its times are not plausible`
          : null;
    if (problem !== null && problem !== this.problem) {
      this.log.warn(`The token file is refused. ${problem}. To replace it: sledger mcp refresh-token`);
    }
    this.problem = problem;
    return token;
  }

  /** Whether the file was replaced since the last call. */
  changed(): boolean {
    const print = fingerprint(this.path);
    const changed = print !== this.seen;
    this.seen = print;
    return changed;
  }

  /**
   * Writes the token unless the file holds one that outranks it, and looks once more after the rename: an older writer may have
   * come in between. Gives the token that is there instead, or null when ours is.
   *
   * @param outranks whether the first, which is in the file, is to be left there
   */
  async write(token: HeldToken, outranks: (there: HeldToken, ours: HeldToken) => boolean): Promise<HeldToken | null> {
    for (let round = 0; round < WRITE_ROUNDS; round += 1) {
      const there = this.read();
      if (there?.token === token.token) return null;
      if (there !== null && outranks(there, token)) return there;
      await writeMcpToken(this.path, token.token);
      this.changed();
    }
    return this.read()?.token === token.token ? null : this.read();
  }
}

function fingerprint(path: string): string {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(path);
    return [ino, size, mtimeMs, ctimeMs].join(':');
  } catch {
    return '';
  }
}
