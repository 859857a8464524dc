import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { realpath, rename, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { EXIT, Interrupted } from '../failure.js';

/**
 * Writes a file whole or not at all: what stood there stays until the last byte is on disk. What has come so far is in a
 * `.partial` file of its own beside it, which goes when the writing fails or is interrupted. A device or a pipe gets the bytes as they come.
 */
export async function writeWhole(
  path: string,
  chunks: () => AsyncIterable<Uint8Array>,
  interrupted: AbortSignal,
): Promise<void> {
  // A link stays, its target changes.
  const target = await realpath(path).catch(() => path);
  const isOther = await stat(target).then(
    (found) => !found.isFile(),
    () => false,
  );
  const options = { signal: interrupted };
  if (isOther) return pipeline(chunks, createWriteStream(target), options);
  // Two that write to one path at once do not meet before the end.
  const partial = `${target}.${process.pid}.${randomBytes(6).toString('hex')}.partial`;
  try {
    await pipeline(chunks, createWriteStream(partial, { mode: 0o600, flags: 'wx', flush: true }), options);
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    throw interrupted.aborted ? new Interrupted(String(EXIT.interrupted)) : error;
  }
}
