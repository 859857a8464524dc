import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.js';

export function ownerKeyPath(dataDir: string, ownerKeyFile?: string): string {
  return ownerKeyFile ?? join(dataDir, 'owner-key');
}

/** The owner credential; it is sent to the server and shown nowhere. */
export function readOwnerKey(path: string): string {
  let content: string;
  try {
    content = readFileSync(path, 'utf8').trim();
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new Failure(
      missing ? `there is no owner credential at ${path}` : `the owner credential at ${path} cannot be read`,
      missing
        ? 'It is made at the first `sledger start`; on another machine, copy the file there (mode 0600) or name it in LEDGER_OWNER_KEY_FILE.'
        : 'Run as the user that owns the file.',
      'owner_key_missing',
      { cause: error },
    );
  }
  if (content === '') {
    throw new Failure(`the owner credential at ${path} is empty`, 'Make a new one: `sledger owner-key reset`.');
  }
  return content;
}
