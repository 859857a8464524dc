import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createOnce } from '#libs/platform';

/** The secret in this file (0600); a new random one of 256 bits is written when there is none. */
export function secretFile(path: string): string {
  return readSecret(path) ?? createSecret(path);
}

function readSecret(path: string): string | undefined {
  try {
    const secret = readFileSync(path, 'utf8').trim();
    if (secret === '')
      throw new Error(
        `${path} is empty. Restore it from a backup: the server that it belongs to knows no other secret.`,
      );
    return secret;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function createSecret(path: string): string {
  createOnce(path, `${randomBytes(32).toString('base64url')}\n`);
  return readFileSync(path, 'utf8').trim();
}
