import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LineSplitter, type OversizedLine } from './line-splitter.js';

function linesOf(chunks: Buffer[], limit = 1024): (string | OversizedLine)[] {
  const splitter = new LineSplitter(limit);
  return chunks.flatMap((chunk) => [...splitter.feed(chunk)]);
}

function cut(bytes: Buffer, cuts: number[]): Buffer[] {
  const at = [...new Set(cuts.map((place) => place % (bytes.length + 1)))].sort((left, right) => left - right);
  return [0, ...at].map((from, index) => bytes.subarray(from, [...at, bytes.length][index]));
}

describe('the line splitter', () => {
  it('gives the same lines wherever the chunks end, split characters included', () => {
    const texts = fc.array(
      fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => text.replaceAll(/[\r\n]/g, '')),
    );
    fc.assert(
      fc.property(texts, fc.array(fc.nat()), fc.constantFrom('\n', '\r\n'), (lines, cuts, end) => {
        const bytes = Buffer.from(lines.map((line) => line + end).join(''));
        expect(linesOf(cut(bytes, cuts))).toEqual(lines);
      }),
    );
  });

  it('gives nothing for a half line', () => {
    expect(linesOf([Buffer.from('{"half":'), Buffer.from('1')])).toEqual([]);
  });

  it('gives every line of one chunk', () => {
    expect(linesOf([Buffer.from('a\nb\n\nc\n')])).toEqual(['a', 'b', '', 'c']);
  });

  it('skips a line above the limit, keeps its beginning, and goes on', () => {
    const chunks = [Buffer.from('ok\n"id":7'), Buffer.alloc(2000, 'x'), Buffer.from('\nnext\n')];
    const [first, oversized, last] = linesOf(chunks, 1000);
    expect([first, last]).toEqual(['ok', 'next']);
    expect(oversized).toMatchObject({ oversized: true, bytes: 2006 });
    expect((oversized as OversizedLine).start.toString()).toBe('"id":7');
  });

  it('takes a line of exactly the limit', () => {
    expect(linesOf([Buffer.from(`${'x'.repeat(1000)}\n`)], 1000)).toEqual(['x'.repeat(1000)]);
  });

  it('costs linear time: a line of 32 MB in 8 KB pieces takes about as long as 128 lines of 256 KB', () => {
    const time = (lines: number): number => {
      const chunk = Buffer.alloc(8192, 'x');
      const splitter = new LineSplitter(1 << 30);
      // Of the processor: a busy machine gives a long run its turns with pauses between, and a short one in one piece.
      const before = process.cpuUsage();
      for (let line = 0; line < lines; line += 1) {
        for (let fed = 0; fed < (32 << 20) / lines; fed += chunk.length) Array.from(splitter.feed(chunk));
        Array.from(splitter.feed(Buffer.from('\n')));
      }
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1000;
    };
    time(128);
    const short = Math.max(2, Math.min(time(128), time(128), time(128)));
    // Quadratic framing would give a hundred. New memory costs what a machine has to do for it, and its collector counts too.
    expect(Math.min(time(1), time(1), time(1)) / short).toBeLessThan(30);
  });
});
