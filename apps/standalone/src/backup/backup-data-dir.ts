import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { chown, cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { locateCluster } from '#libs/embedded';
import { lockDataDir } from '../data-dir.js';
import { StartError } from '../start-error.js';
import { type BackupManifest, readWholeBackup, writeManifest } from './backup-manifest.js';
import { beginRestore, isHalfRestored, refuseHalfRestored } from './unfinished-restore.js';

/** Beside the database. Without `keys` every session would end. The bus is left out: its stream is rebuilt from the database. */
const KEPT = [
  'keys',
  'issuer',
  'owner-key',
  'holder.json',
  'mcp-token',
  'mcp-tokens',
  join('postgres', 'password'),
] as const;

/** Copies a stopped ledger into a new folder (0700; it holds every secret of the ledger). Throws `StartError`. */
export async function backupDataDir(dataDir: string, folder: string): Promise<BackupManifest> {
  const cluster = stoppedCluster(dataDir);
  using _lock = lockDataDir(dataDir);
  refuseHalfRestored(dataDir);
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new StartError(`${folder} is not empty. Give a new folder: a backup never overwrites another.`);
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await cp(cluster, join(folder, 'cluster'), { recursive: true, preserveTimestamps: true });
  for (const name of KEPT) {
    if (existsSync(join(dataDir, name))) await cp(join(dataDir, name), join(folder, name), { recursive: true });
  }
  return writeManifest(folder);
}

function stoppedCluster(dataDir: string): string {
  const postgres = join(dataDir, 'postgres');
  const cluster = existsSync(postgres) ? locateCluster(postgres).cluster : '';
  if (!existsSync(join(cluster, 'PG_VERSION'))) {
    throw new StartError(
      `There is no embedded database in ${dataDir}. With DATABASE_URL, use your server's own backup.`,
    );
  }
  if (existsSync(join(cluster, 'postmaster.pid'))) {
    throw new StartError(
      `The ledger on ${dataDir} is running, or was killed. Stop it first (start it once more, then Ctrl-C).`,
    );
  }
  return cluster;
}

/** Puts a whole backup into a data directory that has no database yet; one that was cut off is done again. Throws `StartError`. */
export async function restoreDataDir(folder: string, dataDir: string): Promise<BackupManifest> {
  const manifest = await readWholeBackup(folder);
  const postgres = join(dataDir, 'postgres');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  // As the start makes it: PostgreSQL's own user must pass where we are root.
  mkdirSync(postgres, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
  using _lock = lockDataDir(dataDir);
  const { cluster, user } = locateCluster(postgres);
  const places = [cluster, ...KEPT.map((name) => join(dataDir, name))];
  if (isHalfRestored(dataDir)) for (const place of places) await rm(place, { recursive: true, force: true });
  const taken = places.find((place) => existsSync(place));
  if (taken !== undefined)
    throw new StartError(`${taken} exists already. Restore into a new data directory: --data-dir <path>.`);
  const finish = beginRestore(dataDir);
  await cp(join(folder, 'cluster'), cluster, { recursive: true, preserveTimestamps: true });
  if (user) await giveTo(cluster, user);
  for (const name of KEPT) {
    if (existsSync(join(folder, name))) await cp(join(folder, name), join(dataDir, name), { recursive: true });
  }
  finish();
  return manifest;
}

async function giveTo(folder: string, { uid, gid }: { uid: number; gid: number }): Promise<void> {
  await chown(folder, uid, gid);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    await chown(join(entry.parentPath, entry.name), uid, gid);
  }
}
