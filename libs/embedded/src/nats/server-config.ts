import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface NatsUser {
  user: string;
  password: string;
  /** Subjects it may hear; with them it may publish nothing. Left out: all rights. */
  subscribe?: string[];
}

export interface ServerConfig {
  folder: string;
  /** -1: any free one. */
  port: number;
  users: NatsUser[];
}

/** Seconds that a client has to say who it is. The server's own 2 turn away who is slow on a busy machine. */
const AUTHENTICATION_SECONDS = 15;

/** Writes the server's configuration (0600: it holds the passwords) and answers its path. */
export function writeServerConfig({ folder, port, users }: ServerConfig): string {
  const path = join(folder, 'server.conf');
  const draft = `${path}.${process.pid}`;
  // JSON is a subset of what the server reads.
  const config = {
    listen: `127.0.0.1:${port}`,
    ports_file_dir: join(folder, 'run'),
    pid_file: join(folder, 'run', 'nats-server.pid'),
    jetstream: { store_dir: join(folder, 'jetstream') },
    max_payload: 8 * 1024 * 1024,
    authorization: { timeout: AUTHENTICATION_SECONDS, users: users.map(withPermissions) },
  };
  writeFileSync(draft, JSON.stringify(config, null, 2), { mode: 0o600 });
  renameSync(draft, path);
  return path;
}

function withPermissions({ user, password, subscribe }: NatsUser): Record<string, unknown> {
  if (subscribe === undefined) return { user, password };
  return { user, password, permissions: { publish: { deny: ['>'] }, subscribe: { allow: subscribe } } };
}
