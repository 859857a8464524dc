import { execFileSync } from 'node:child_process';
import { childEnvironment } from '../child-environment.js';
import { statSync } from 'node:fs';
import { dirname } from 'node:path';

export interface SystemUser {
  uid: number;
  gid: number;
}

const OWN_USER = 'session-ledger';

/** An existing unprivileged user to run PostgreSQL as, or a new system user. PostgreSQL refuses to run as root. */
export function unprivilegedUser(): SystemUser {
  return lookUp(OWN_USER) ?? lookUp('postgres') ?? createUser() ?? lookUp('nobody') ?? refuse();
}

function lookUp(name: string): SystemUser | undefined {
  try {
    const id = (flag: string): number =>
      Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'], env: childEnvironment() }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return undefined;
  }
}

function createUser(): SystemUser | undefined {
  try {
    const flags = ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin'];
    execFileSync('useradd', [...flags, OWN_USER], { stdio: 'ignore', env: childEnvironment() });
    return lookUp(OWN_USER);
  } catch {
    return undefined;
  }
}

function refuse(): never {
  throw new Error(
    'PostgreSQL does not run as root, and there is no other user to run it as. ' +
      'Start as an ordinary user, or set DATABASE_URL to a PostgreSQL 15 or later.',
  );
}

/** Whether the user may pass through every directory of the path, itself included. */
export function canPass(path: string, user: SystemUser): boolean {
  const { mode, uid, gid } = statSync(path);
  const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
  return (mode & bit) !== 0 && (dirname(path) === path || canPass(dirname(path), user));
}
