import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InstanceLock } from '#libs/embedded';
import { readServerFile } from './server-file.js';
import { StartError } from './start-error.js';

const OTHER_DIRECTORY = 'Choose another directory with LEDGER_DATA_DIR=<directory>.';

/** Makes the data directory (0700) when it is missing; one that exists keeps its permissions. Throws `StartError`. */
export function prepareDataDir(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    if (!statSync(dataDir).isDirectory()) throw new Error('it is not a directory');
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
    mkdirSync(join(dataDir, 'logs'), { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new StartError(`The data directory ${dataDir} cannot be used: ${reason(cause)}. ${OTHER_DIRECTORY}`, {
      cause,
    });
  }
}

const REASONS: Record<string, string> = {
  EEXIST: 'there is a file of that name',
  ENOTDIR: 'there is a file of that name',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
};

function reason(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return REASONS[code] ?? message;
}

/** Keeps the data directory to this process until the lock is disposed of. Throws `StartError` when another one has it. */
export function lockDataDir(dataDir: string): InstanceLock {
  try {
    return InstanceLock.acquire(join(dataDir, 'instance.lock'));
  } catch (cause) {
    const running = readServerFile(dataDir);
    const where = running ? ` and answers at ${running.baseUrl}` : '';
    throw new StartError(
      `Session Ledger is already running on ${dataDir} (${(cause as Error).message})${where}. ` +
        `Stop it first (Ctrl-C in its terminal), or start a second one with LEDGER_DATA_DIR=<directory> LEDGER_PORT=0.`,
      { cause },
    );
  }
}
