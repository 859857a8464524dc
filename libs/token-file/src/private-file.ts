import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { lstat, mkdir, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { renameWithRetry, type RenameDependencies } from './rename-with-retry.js';

/** A private file that is not as it must be. `reason` is for logs; it never holds content. */
export class PrivateFileRefused extends Error {
  override readonly name = 'PrivateFileRefused';

  constructor(
    readonly path: string,
    readonly reason: string,
  ) {
    super(`${path}: ${reason}`);
  }
}

/**
 * Replaces a file whole: temporary file (0600) beside it, fsync, rename. A reader sees the old text or the new, never a part.
 * The directory is made with 0700 when it is missing; an existing one keeps its mode.
 *
 * @throws PrivateFileRefused when the path is a symlink; any file system error, after the temporary file was removed
 */
export async function writePrivateFile(path: string, text: string, rename?: RenameDependencies): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await refuseSymlink(path);
  const temporary = `${path}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      // The mode given to open is narrowed by the umask but never widened; this makes it exact.
      await file.chmod(0o600);
      await file.writeFile(text, 'utf8');
      await file.sync();
    } finally {
      await file.close();
    }
    await renameWithRetry(temporary, path, rename);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

async function refuseSymlink(path: string): Promise<void> {
  const stat = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (stat?.isSymbolicLink()) {
    throw new PrivateFileRefused(path, 'it is a symlink; remove it, tokens are only written to plain files');
  }
}

/**
 * Reads a private file, or null when it does not exist.
 *
 * @throws PrivateFileRefused when it is a symlink, not a plain file, open to group or others, or above `maxBytes`
 */
export function readPrivateFile(path: string, maxBytes: number): string | null {
  let descriptor: number;
  try {
    if (lstatSync(path).isSymbolicLink()) throw new PrivateFileRefused(path, 'it is a symlink');
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    if (code === 'ELOOP') throw new PrivateFileRefused(path, 'it is a symlink');
    throw error;
  }
  try {
    return readWhole(descriptor, path, maxBytes);
  } finally {
    closeSync(descriptor);
  }
}

function readWhole(descriptor: number, path: string, maxBytes: number): string {
  // Checked on the open file: between a look at the path and the open it could have been exchanged.
  const stat = fstatSync(descriptor);
  if (!stat.isFile()) throw new PrivateFileRefused(path, 'it is not a plain file');
  if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0) {
    const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
    throw new PrivateFileRefused(path, `its permissions are ${mode}, not 0600; run: chmod 600 "${path}"`);
  }
  if (stat.size > maxBytes) throw new PrivateFileRefused(path, `it holds more than ${maxBytes} bytes`);
  const buffer = Buffer.alloc(maxBytes + 1);
  let length = 0;
  for (let read = -1; read !== 0 && length < buffer.length; length += read) {
    read = readSync(descriptor, buffer, length, buffer.length - length, null);
  }
  if (length > maxBytes) throw new PrivateFileRefused(path, `it holds more than ${maxBytes} bytes`);
  return buffer.toString('utf8', 0, length);
}
