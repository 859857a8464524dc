import { nodeHash, rangeHash, splitPoint, type SubtreeHash } from './merkle.js';

/** Proof that leaf `index` (from 0) is in the tree of `size` leaves (RFC 6962 §2.1.1): sibling hashes, leaf to root. */
export async function inclusionProof(index: number, size: number, subtree: SubtreeHash): Promise<Buffer[]> {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new RangeError(`leaf ${index} is not in a tree of ${size}`);
  }
  const path: Buffer[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + splitPoint(end - start);
    if (index < middle) {
      path.unshift(await rangeHash(middle, end, subtree));
      end = middle;
    } else {
      path.unshift(await rangeHash(start, middle, subtree));
      start = middle;
    }
  }
  return path;
}

/** Proof that the tree of `size` leaves begins with the tree of `oldSize` leaves (RFC 6962 §2.1.2). */
export async function consistencyProof(oldSize: number, size: number, subtree: SubtreeHash): Promise<Buffer[]> {
  if (!Number.isSafeInteger(oldSize) || oldSize < 0 || oldSize > size) {
    throw new RangeError(`a tree of ${oldSize} cannot be the beginning of one of ${size}`);
  }
  if (oldSize === 0 || oldSize === size) return [];
  const path: Buffer[] = [];
  let start = 0;
  let end = size;
  // Whether the part in view is a whole subtree of the old tree's own root computation.
  let isPrefix = true;
  while (oldSize !== end) {
    const middle = start + splitPoint(end - start);
    if (oldSize <= middle) {
      path.unshift(await rangeHash(middle, end, subtree));
      end = middle;
    } else {
      path.unshift(await rangeHash(start, middle, subtree));
      start = middle;
      isPrefix = false;
    }
  }
  if (!isPrefix) path.unshift(await rangeHash(start, end, subtree));
  return path;
}

/** Whether the proof leads from the leaf to the root. */
export function verifyInclusion(
  { leaf, index, size, root }: { leaf: Uint8Array; index: number; size: number; root: Uint8Array },
  path: readonly Uint8Array[],
): boolean {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size || ![leaf, ...path].every(isHash)) return false;
  let position = index;
  let last = size - 1;
  let hash: Uint8Array = leaf;
  for (const sibling of path) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      hash = nodeHash(sibling, hash);
      while (position % 2 === 0 && position !== 0) {
        position = Math.floor(position / 2);
        last = Math.floor(last / 2);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && Buffer.from(root).equals(hash);
}

export interface TwoTrees {
  oldSize: number;
  oldRoot: Uint8Array;
  size: number;
  root: Uint8Array;
}

/** Whether the proof shows that the larger tree begins with the smaller one. */
export function verifyConsistency({ oldSize, oldRoot, size, root }: TwoTrees, path: readonly Uint8Array[]): boolean {
  if (oldSize < 0 || oldSize > size || ![oldRoot, ...path].every(isHash)) return false;
  if (oldSize === size) return path.length === 0 && Buffer.from(oldRoot).equals(root);
  if (oldSize === 0) return path.length === 0;
  const isPowerOfTwo = Number.isInteger(Math.log2(oldSize));
  const [first, ...rest] = isPowerOfTwo ? [oldRoot, ...path] : path;
  if (first === undefined) return false;
  let position = oldSize - 1;
  let last = size - 1;
  while (position % 2 === 1) {
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  let oldHash: Uint8Array = first;
  let newHash: Uint8Array = first;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      oldHash = nodeHash(sibling, oldHash);
      newHash = nodeHash(sibling, newHash);
      while (position % 2 === 0 && position !== 0) {
        position = Math.floor(position / 2);
        last = Math.floor(last / 2);
      }
    } else {
      newHash = nodeHash(newHash, sibling);
    }
    position = Math.floor(position / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && Buffer.from(oldRoot).equals(oldHash) && Buffer.from(root).equals(newHash);
}

/** A proof comes from anywhere: what is no hash proves nothing. */
function isHash(bytes: Uint8Array): boolean {
  return bytes.length === 32;
}
