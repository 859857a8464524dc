import { closeSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { isAlive } from './is-alive.js';

/** A lock seen unchanged for longer than any holder needs it was left behind. Milliseconds, monotonic. */
const STALE_AFTER = 30_000;

/**
 * Lets one process at a time do something in a data directory. Only a courtesy: where no lock can be made, nobody is kept out, so what
 * it guards must not need it to be right.
 */
export class FileLock {
  private seen: { inode: number; since: number } | null = null;

  constructor(private readonly path: string) {}

  /** The release, or null while another process holds it. */
  take(): (() => void) | null {
    for (let attempt = 0; attempt < 2; attempt += 1) {
      try {
        const descriptor = openSync(this.path, 'wx', 0o600);
        writeSync(descriptor, String(process.pid));
        closeSync(descriptor);
        return () => this.release();
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return () => undefined;
        if (!this.abandoned()) return null;
        this.remove();
      }
    }
    return null;
  }

  private abandoned(): boolean {
    try {
      const inode = statSync(this.path).ino;
      if (this.seen?.inode !== inode) this.seen = { inode, since: performance.now() };
      if (performance.now() - this.seen.since > STALE_AFTER) return true;
      const pid = Number(readFileSync(this.path, 'utf8'));
      return Number.isInteger(pid) && pid > 0 && !isAlive(pid);
    } catch {
      return false;
    }
  }

  private release(): void {
    try {
      if (readFileSync(this.path, 'utf8') === String(process.pid)) this.remove();
    } catch {
      // Gone already: another process took it for abandoned.
    }
  }

  private remove(): void {
    try {
      unlinkSync(this.path);
    } catch {
      // Another process was faster.
    }
  }
}
