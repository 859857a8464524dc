import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { identify } from './process-identity.js';

interface Owner {
  pid: number;
  startedAt: string;
}

/** Keeps a data directory to one process. A lock whose owner is gone (kill -9, reboot) is taken over. */
export class InstanceLock implements Disposable {
  private constructor(private readonly path: string) {}

  /** Throws when a living process holds the lock. */
  static acquire(path: string): InstanceLock {
    const own = { pid: process.pid, startedAt: identify(process.pid)?.startedAt ?? '' };
    const draft = `${path}.${process.pid}`;
    writeFileSync(draft, JSON.stringify(own), { mode: 0o600 });
    try {
      while (!tryLink(draft, path)) removeStale(path);
    } finally {
      rmSync(draft, { force: true });
    }
    return new InstanceLock(path);
  }

  [Symbol.dispose](): void {
    if (readOwner(this.path)?.pid === process.pid) rmSync(this.path, { force: true });
  }
}

function tryLink(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function removeStale(path: string): void {
  const owner = readOwner(path);
  refuseIfAlive(owner);
  // Between reading and removing, another start may have taken the stale lock over: look at what was moved away.
  const moved = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, moved);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const taken = readOwner(moved);
  if (JSON.stringify(taken) !== JSON.stringify(owner)) {
    tryLink(moved, path);
    rmSync(moved, { force: true });
    refuseIfAlive(taken);
  }
  rmSync(moved, { force: true });
}

function refuseIfAlive(owner: Owner | undefined): void {
  if (owner === undefined || identify(owner.pid)?.startedAt !== owner.startedAt) return;
  throw new Error(`in use by process ${owner.pid}`);
}

function readOwner(path: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}
