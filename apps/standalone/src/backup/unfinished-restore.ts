import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../start-error.js';

/** Whether a restore into this directory was cut off: what it put there is half of a ledger. */
export function isHalfRestored(dataDir: string): boolean {
  return existsSync(markIn(dataDir));
}

/** Nothing starts on half of a ledger: it would make new keys beside old sessions. Throws `StartError`. */
export function refuseHalfRestored(dataDir: string): void {
  if (!isHalfRestored(dataDir)) return;
  throw new StartError(
    `A restore into ${dataDir} was cut off. Run it again: sledger restore <folder> --data-dir ${dataDir}`,
  );
}

/** Marks the directory until the function that it gives is called. */
export function beginRestore(dataDir: string): () => void {
  const mark = markIn(dataDir);
  writeFileSync(mark, '', { mode: 0o600 });
  return () => rmSync(mark);
}

function markIn(dataDir: string): string {
  return join(dataDir, 'restore.unfinished');
}
