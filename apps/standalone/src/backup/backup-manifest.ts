import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { StartError } from '../start-error.js';

export const MANIFEST = 'backup.json';

/** What a backup holds: SHA-256 of every file by its path below the backup's folder. */
export interface BackupManifest {
  format: 'session-ledger-backup.v1';
  /** RFC 3339 UTC. */
  madeAt: string;
  files: Record<string, string>;
}

/** Seals a finished backup: from now on a file that is missing, added or changed shows. */
export async function writeManifest(folder: string): Promise<BackupManifest> {
  const manifest: BackupManifest = {
    format: 'session-ledger-backup.v1',
    madeAt: new Date().toISOString(),
    files: await hashesIn(folder),
  };
  await writeFile(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
  return manifest;
}

/** The manifest of a backup that is whole. Throws `StartError` otherwise. */
export async function readWholeBackup(folder: string): Promise<BackupManifest> {
  const manifest = await readManifest(folder);
  const found = await hashesIn(folder);
  const names = new Set([...Object.keys(manifest.files), ...Object.keys(found)]);
  for (const name of [...names].sort()) {
    if (found[name] === manifest.files[name]) continue;
    const what =
      found[name] === undefined ? 'is missing' : manifest.files[name] === undefined ? 'was added' : 'was changed';
    throw new StartError(`The backup in ${folder} is not as it was made: ${name} ${what}. Use another backup.`);
  }
  return manifest;
}

async function readManifest(folder: string): Promise<BackupManifest> {
  try {
    const manifest = JSON.parse(await readFile(join(folder, MANIFEST), 'utf8')) as BackupManifest;
    if (manifest.format === 'session-ledger-backup.v1') return manifest;
  } catch (cause) {
    throw new StartError(`${folder} is no backup, or not a finished one: ${MANIFEST} cannot be read.`, { cause });
  }
  throw new StartError(`The backup in ${folder} is of a form that this version does not know.`);
}

async function hashesIn(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const hashes: Record<string, string> = {};
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path).split(sep).join('/');
    if (!entry.isFile() || name === MANIFEST) continue;
    const hash = createHash('sha256');
    await pipeline(createReadStream(path), hash);
    hashes[name] = hash.digest('hex');
  }
  return hashes;
}
