import { execFile } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ClusterLocation } from './cluster-location.js';

const run = promisify(execFile);

export const SUPERUSER = 'ledger';

/** Makes the cluster with initdb unless it is there. It gets its name when it is complete, so a killed start leaves no half cluster. */
export async function initialiseCluster(location: ClusterLocation, password: string): Promise<void> {
  if (existsSync(join(location.cluster, 'PG_VERSION'))) return refuseOtherVersion(location);
  const draft = `${location.cluster}.new`;
  const passwordFile = `${location.cluster}.password`;
  try {
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft, { mode: 0o700 });
    rmSync(passwordFile, { force: true });
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
    if (location.user) for (const path of [draft, passwordFile]) chownSync(path, location.user.uid, location.user.gid);
    await initdb(location, draft, passwordFile);
    renameSync(draft, location.cluster);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

async function initdb({ binaries, user }: ClusterLocation, folder: string, passwordFile: string): Promise<void> {
  const args = [
    `--pgdata=${folder}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // The same order on every machine, whatever locales it has.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
  ];
  try {
    await run(binaries.initdb, args, { ...user, cwd: '/', env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' } });
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Error(`PostgreSQL could not create its data in ${folder}: ${stderr?.trim() || String(error)}`, {
      cause: error,
    });
  }
}

function refuseOtherVersion({ cluster, binaries }: ClusterLocation): void {
  const version = readFileSync(join(cluster, 'PG_VERSION'), 'utf8').trim();
  if (version === binaries.major) return;
  throw new Error(
    `The data in ${cluster} belong to PostgreSQL ${version}; this version brings PostgreSQL ${binaries.major}. ` +
      'Restore a backup into a new data directory, or set DATABASE_URL to a server of the old version.',
  );
}
