import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { locateCluster } from './cluster-location.js';
import { SUPERUSER } from './initialise-cluster.js';
import { runningPort } from './postmaster-file.js';

/** Name of the ledger's database on a server that it brings itself. */
export const LEDGER_DATABASE = 'session_ledger';

/** URL, with the password, of the server that another process of ours runs on this data directory; null when none runs. */
export function runningPostgresUrl(dataDir: string): string | null {
  const passwordFile = join(dataDir, 'password');
  if (!existsSync(passwordFile)) return null;
  const port = runningPort(locateCluster(dataDir).cluster);
  if (port === null) return null;
  return `postgres://${SUPERUSER}:${readFileSync(passwordFile, 'utf8').trim()}@127.0.0.1:${port}/${LEDGER_DATABASE}`;
}
