import { rename } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** On Windows a reader or a virus scanner holds a file for a moment; elsewhere these codes are final. */
const BUSY = new Set(['EPERM', 'EACCES', 'EBUSY']);
const RETRIES = 3;

export interface RenameDependencies {
  rename: (from: string, to: string) => Promise<void>;
  platform: NodeJS.Platform;
}

/** Renames; on Windows a busy target is tried up to three times more, each after 10–50 ms at random. */
export async function renameWithRetry(
  from: string,
  to: string,
  { rename: move, platform }: RenameDependencies = { rename, platform: process.platform },
): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await move(from, to);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? '';
      if (platform !== 'win32' || !BUSY.has(code) || attempt === RETRIES) throw error;
      await sleep(10 + Math.random() * 40);
    }
  }
}
