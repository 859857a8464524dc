import { createHash } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Binaries, copyBinaries, packagedBinaries } from './binaries.js';
import { canPass, type SystemUser, unprivilegedUser } from './system-user.js';

const SHARED_FOLDER = '/var/lib/session-ledger';
const OWNER_FILE = 'data-folder';

export interface ClusterLocation {
  /** PostgreSQL's own data directory. */
  cluster: string;
  binaries: Binaries;
  /** Set when we are root: the user that PostgreSQL runs as and that owns the cluster. */
  user?: SystemUser;
}

/** Where the cluster of `dataDir` lives, who runs it and with which binaries. */
export function locateCluster(dataDir: string): ClusterLocation {
  const binaries = packagedBinaries();
  const inside = join(dataDir, 'cluster');
  if (process.getuid?.() !== 0) return { cluster: inside, binaries };

  const user = ownerOf(inside) ?? unprivilegedUser();
  return {
    cluster: canPass(realpathSync(dataDir), user) ? inside : outside(dataDir, user),
    binaries: canPass(realpathSync(binaries.folder), user) ? binaries : copyBinaries(binaries, SHARED_FOLDER),
    user,
  };
}

/** A cluster keeps its user, whichever users the machine has gained or lost since. */
function ownerOf(cluster: string): SystemUser | undefined {
  if (!existsSync(join(cluster, 'PG_VERSION'))) return undefined;
  const { uid, gid } = statSync(cluster);
  return uid === 0 ? undefined : { uid, gid };
}

function outside(dataDir: string, user: SystemUser): string {
  const owner = realpathSync(dataDir);
  const hash = createHash('sha256').update(owner).digest('hex').slice(0, 16);
  const folder = join(SHARED_FOLDER, hash);
  mkdirSync(SHARED_FOLDER, { recursive: true, mode: 0o755 });
  if (!existsSync(folder)) {
    mkdirSync(folder, { mode: 0o700 });
    // Says to whoever finds it whose cluster it is.
    writeFileSync(join(folder, OWNER_FILE), `${owner}\n`);
    chownSync(folder, user.uid, user.gid);
  }
  return join(folder, 'cluster');
}
