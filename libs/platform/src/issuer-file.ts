import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createOnce } from './create-once.js';

/** The issuer of a ledger's first start. Every token names it, so a later start on another port must not change it. */
export function keptIssuer(dataDir: string): string | undefined {
  try {
    return readFileSync(pathIn(dataDir), 'utf8').trim() || undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Remembers the issuer at the first start; later ones change nothing. */
export function keepIssuer(dataDir: string, issuer: string): void {
  createOnce(pathIn(dataDir), `${issuer}\n`);
}

function pathIn(dataDir: string): string {
  return join(dataDir, 'issuer');
}
