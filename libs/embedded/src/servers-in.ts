import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { clearNatsLeftover } from './nats/embedded-nats.js';
import { clearLeftover } from './postgres/postmaster-file.js';

/** Stops the servers whose data directories lie directly in this folder, after their parent was killed. */
export async function stopServersIn(folder: string): Promise<void> {
  for (const name of readdirSync(folder)) {
    const dataDir = join(folder, name);
    if (existsSync(join(dataDir, 'cluster'))) await clearLeftover(join(dataDir, 'cluster'));
    if (existsSync(join(dataDir, 'server.conf'))) await clearNatsLeftover(dataDir);
  }
}
