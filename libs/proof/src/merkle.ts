import { hash } from 'node:crypto';

const HASH_BYTES = 32;
const NODE_PREFIX = 0x01;
/** Input of the node that is being hashed: nothing is allocated for it. */
const input = Buffer.alloc(1 + 2 * HASH_BYTES, NODE_PREFIX);

/** RFC 6962 interior node. Throws a RangeError when a side is no hash. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  if (left.length !== HASH_BYTES || right.length !== HASH_BYTES) throw new RangeError('a hash has 32 bytes');
  input.set(left, 1);
  input.set(right, 1 + HASH_BYTES);
  // A buffer of the hash's own costs more than the hash: by way of a text its bytes come from the pool.
  return Buffer.from(hash('sha256', input, 'binary'), 'binary');
}

/** RFC 6962 hash of the empty tree. */
export const EMPTY_ROOT: Buffer = hash('sha256', '', 'buffer');

/** Largest power of two below `size` (size > 1): where RFC 6962 splits a tree. */
export function splitPoint(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

/** Root of a whole list of leaf hashes. */
export function rootOf(leaves: readonly Uint8Array[]): Buffer {
  const tree = new Frontier();
  for (const leaf of leaves) tree.push(leaf);
  return tree.root();
}

/** The right edge of a growing tree: enough to append and to give the root at any size, in O(log n) memory. */
export class Frontier {
  /** Roots of the perfect subtrees that make up the tree, largest first; sizes are the bits of `size`. */
  private readonly peaks: Buffer[] = [];
  private count = 0;

  get size(): number {
    return this.count;
  }

  push(leaf: Uint8Array): void {
    let node: Buffer = Buffer.from(leaf);
    for (let rest = this.count; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      node = nodeHash(this.peaks.pop() as Buffer, node);
    }
    this.peaks.push(node);
    this.count += 1;
  }

  root(): Buffer {
    if (this.count === 0) return EMPTY_ROOT;
    return this.peaks.reduceRight((right, left) => nodeHash(left, right));
  }

  /** The edge of a tree whose perfect subtrees are known, largest first. */
  static of(size: number, peaks: readonly Uint8Array[]): Frontier {
    const frontier = new Frontier();
    frontier.peaks.push(...peaks.map((peak) => Buffer.from(peak)));
    frontier.count = size;
    return frontier;
  }
}

/** Hash of the perfect subtree of 2^level leaves that begins at leaf index · 2^level. */
export type SubtreeHash = (level: number, index: number) => Promise<Buffer>;

/** RFC 6962 hash of the leaves from `start` up to `end`, out of perfect subtrees; `start` is aligned as the tree splits it. */
export async function rangeHash(start: number, end: number, subtree: SubtreeHash): Promise<Buffer> {
  const size = end - start;
  if (size === 0) return EMPTY_ROOT;
  const level = Math.log2(size);
  if (Number.isInteger(level) && start % size === 0) return subtree(level, start / size);
  const middle = start + splitPoint(size);
  return nodeHash(await rangeHash(start, middle, subtree), await rangeHash(middle, end, subtree));
}
