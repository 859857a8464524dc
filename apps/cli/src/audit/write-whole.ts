import { createWriteStream } from 'node:fs';
import { realpath, rename, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/**
 * Writes a file whole or not at all: what stood there stays until the last byte is written. What has come so far is in
 * `<path>.partial`, which goes when the writing fails. A device or a pipe gets the bytes as they come.
 */
export async function writeWhole(path: string, chunks: () => AsyncIterable<Uint8Array>): Promise<void> {
  // A link stays, its target changes.
  const target = await realpath(path).catch(() => path);
  const isOther = await stat(target).then(
    (found) => !found.isFile(),
    () => false,
  );
  if (isOther) return pipeline(chunks, createWriteStream(target));
  const partial = `${target}.partial`;
  try {
    await pipeline(chunks, createWriteStream(partial, { mode: 0o600 }));
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}
