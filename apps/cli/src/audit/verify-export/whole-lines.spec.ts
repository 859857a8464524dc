import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { wholeLines } from './whole-lines.js';

const NEW_LINE = 0x0a;

async function* cutAt(bytes: Buffer, lengths: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (const length of lengths) yield bytes.subarray(at, (at += length));
  yield bytes.subarray(at);
}

async function blocksOf(source: AsyncIterable<Uint8Array>, blockBytes: number): Promise<Uint8Array[]> {
  const blocks: Uint8Array[] = [];
  for await (const block of wholeLines(source, blockBytes)) blocks.push(block);
  return blocks;
}

it('gives every byte once, in order, in blocks that end with a line, however the source is cut', async () => {
  const line = fc.string({ unit: 'grapheme', maxLength: 30 });
  const property = fc.asyncProperty(
    fc.array(line),
    fc.array(fc.nat(25)),
    fc.integer({ min: 1, max: 60 }),
    async (lines, cuts, blockBytes) => {
      const bytes = Buffer.from(lines.join('\n'));
      const blocks = await blocksOf(cutAt(bytes, cuts), blockBytes);
      expect(Buffer.concat(blocks)).toEqual(bytes);
      for (const block of blocks.slice(0, -1)) expect(block.at(-1)).toBe(NEW_LINE);
      // Given away to a thread, a block must not take others' memory along.
      for (const block of blocks) expect(block.buffer.byteLength).toBe(block.length);
    },
  );
  await fc.assert(property, { numRuns: 300 });
});

it('gives a line that is longer than a block whole', async () => {
  const bytes = Buffer.from(`a\n${'b'.repeat(500)}\nc\n`);
  const blocks = await blocksOf(
    cutAt(
      bytes,
      Array.from({ length: 50 }, () => 10),
    ),
    20,
  );
  expect(blocks.map((block) => Buffer.from(block).toString())).toContainEqual(expect.stringContaining('b'.repeat(500)));
  expect(Buffer.concat(blocks)).toEqual(bytes);
});

it('gives nothing for nothing', async () => {
  expect(await blocksOf(cutAt(Buffer.alloc(0), []), 10)).toEqual([]);
});
