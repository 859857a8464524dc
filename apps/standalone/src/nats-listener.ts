import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NATS_LISTENER_FILE } from '#libs/contracts';
import { secretFile, type NatsUser } from '#libs/embedded';

/** All that a desktop on this machine may do on the bus: hear the ledger's events. Left for its processes in the data directory. */
export function natsListener(dataDir: string): NatsUser {
  const folder = join(dataDir, 'nats');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const listener = { user: 'listener', password: secretFile(join(folder, 'listener-password')) };
  const path = join(dataDir, NATS_LISTENER_FILE);
  writeFileSync(`${path}.${process.pid}`, `${JSON.stringify(listener)}\n`, { mode: 0o600 });
  renameSync(`${path}.${process.pid}`, path);
  return { ...listener, subscribe: ['ledger.v1.>'] };
}
