import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getDataDir } from '#libs/token-file';
import { loadHolder } from '../holder/holder-file.js';

const DEFAULT_BASE_URL = 'http://127.0.0.1:3100';
/** How long a look at `server.json` is good for, milliseconds: a server that restarts may come back on another port. */
const REREAD = 1_000;

/** Gives the api's address: the option, else `server.json` of the data directory, else that of the setup, else the default. */
export function serverLocation(dataDir?: string, baseUrl?: string, holder?: string): () => string {
  if (baseUrl !== undefined && baseUrl !== '') return () => baseUrl;
  let known = DEFAULT_BASE_URL;
  let readAt = -Infinity;
  return () => {
    if (performance.now() - readAt < REREAD) return known;
    readAt = performance.now();
    known = fromServerFile(dataDir) ?? fromHolder(dataDir, holder) ?? known;
    return known;
  };
}

function fromServerFile(dataDir: string | undefined): string | null {
  try {
    const text = readFileSync(join(getDataDir(dataDir), 'server.json'), 'utf8');
    const { baseUrl } = JSON.parse(text) as { baseUrl?: unknown };
    return typeof baseUrl === 'string' ? baseUrl : null;
  } catch {
    return null;
  }
}

function fromHolder(dataDir: string | undefined, holder: string | undefined): string | null {
  try {
    return loadHolder(dataDir, holder)?.baseUrl ?? null;
  } catch {
    return null;
  }
}
