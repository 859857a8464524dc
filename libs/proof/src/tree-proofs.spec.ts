import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import {
  consistencyProof,
  EMPTY_ROOT,
  inclusionProof,
  rangeHash,
  rootOf,
  verifyConsistency,
  verifyInclusion,
  type SubtreeHash,
} from './index.js';

const SIZES = Array.from({ length: 33 }, (_, index) => index + 1).concat(255, 256, 257);

function treeOf(leaves: Buffer[]): SubtreeHash {
  return (level, index) => Promise.resolve(rootOf(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)));
}

function rfcLeaf(hex: string): Buffer {
  return createHash('sha256').update(Buffer.of(0)).update(Buffer.from(hex, 'hex')).digest();
}

describe('the hash tree', () => {
  // Test vectors of Certificate Transparency's reference implementation.
  const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];

  it('gives the known roots', () => {
    const leaves = inputs.map(rfcLeaf);
    expect(EMPTY_ROOT.toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(rootOf(leaves.slice(0, 1)).toString('hex')).toBe(
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    );
    expect(rootOf(leaves).toString('hex')).toBe('5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328');
  });

  it('has one root, whether grown leaf by leaf or put together from subtrees', async () => {
    const leaves = Array.from({ length: 300 }, () => randomBytes(32));
    for (const size of SIZES) {
      expect(await rangeHash(0, size, treeOf(leaves))).toEqual(rootOf(leaves.slice(0, size)));
    }
  });
});

describe('inclusion', () => {
  it('is proved for every leaf of every size, and for nothing else', async () => {
    const leaves = Array.from({ length: 257 }, () => randomBytes(32));
    const tree = treeOf(leaves);
    for (const size of SIZES) {
      const root = rootOf(leaves.slice(0, size));
      for (let index = 0; index < size; index += size > 40 ? 37 : 1) {
        const path = await inclusionProof(index, size, tree);
        const leaf = leaves[index] as Buffer;
        expect(verifyInclusion({ leaf, index, size, root }, path)).toBe(true);
        expect(verifyInclusion({ leaf: randomBytes(32), index, size, root }, path)).toBe(false);
        expect(verifyInclusion({ leaf, index, size, root }, [...path, randomBytes(32)])).toBe(false);
        if (path.length > 0) expect(verifyInclusion({ leaf, index, size, root }, path.slice(1))).toBe(false);
        if (size > 1) expect(verifyInclusion({ leaf, index: (index + 1) % size, size, root }, path)).toBe(false);
      }
    }
    await expect(inclusionProof(5, 5, tree)).rejects.toBeInstanceOf(RangeError);
  });
});

describe('consistency', () => {
  it('is proved for every pair of sizes, and not when the smaller tree was another', async () => {
    const leaves = Array.from({ length: 40 }, () => randomBytes(32));
    const tree = treeOf(leaves);
    for (let size = 1; size <= 40; size += 1) {
      const root = rootOf(leaves.slice(0, size));
      for (let oldSize = 1; oldSize <= size; oldSize += 1) {
        const oldRoot = rootOf(leaves.slice(0, oldSize));
        const path = await consistencyProof(oldSize, size, tree);
        expect(verifyConsistency({ oldSize, oldRoot, size, root }, path)).toBe(true);
        expect(verifyConsistency({ oldSize, oldRoot: randomBytes(32), size, root }, path)).toBe(false);
        if (oldSize < size) {
          expect(verifyConsistency({ oldSize, oldRoot, size, root: randomBytes(32) }, path)).toBe(false);
        }
      }
    }
    await expect(consistencyProof(6, 5, tree)).rejects.toBeInstanceOf(RangeError);
  });
});

it('takes nothing for a proof that is made of anything but hashes', () => {
  const [leaf, root] = [randomBytes(32), randomBytes(32)];
  for (const junk of [Buffer.alloc(0), randomBytes(31), randomBytes(64)]) {
    expect(verifyInclusion({ leaf, index: 0, size: 2, root }, [junk])).toBe(false);
    expect(verifyInclusion({ leaf: junk, index: 0, size: 1, root: junk }, [])).toBe(false);
    expect(verifyConsistency({ oldSize: 1, oldRoot: leaf, size: 2, root }, [junk])).toBe(false);
  }
});
