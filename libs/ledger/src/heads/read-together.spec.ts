import { describe, expect, it } from '@jest/globals';
import type { SessionSnapshot } from '../types.js';
import { ReadsTogether } from './read-together.js';

/** Reads that the test answers; every session exists but `none`. */
function heldReads() {
  const reads: { ids: readonly string[]; answer: () => void; fail: (error: Error) => void }[] = [];
  const together = new ReadsTogether(
    (ids) =>
      new Promise((resolve, reject) => {
        const found = ids
          .filter((id) => id !== 'none')
          .map((sessionId) => ({ head: { sessionId } }) as SessionSnapshot);
        reads.push({ ids, answer: () => resolve(found), fail: reject });
      }),
  );
  return { together, reads, asked: () => reads.map(({ ids }) => ids) };
}

const turn = () => new Promise(setImmediate);
const idOf = (snapshot: SessionSnapshot | null) => snapshot?.head.sessionId ?? null;

describe('reads of single sessions', () => {
  it('that are asked for in one turn are one read, each with its own answer', async () => {
    const { together, reads, asked } = heldReads();
    const answers = ['a', 'B', 'none', 'a'].map((id) => together.session(id));
    await turn();
    expect(asked()).toEqual([['a', 'b', 'none']]);
    reads[0]?.answer();
    expect((await Promise.all(answers)).map(idOf)).toEqual(['a', 'b', null, 'a']);
  });

  it('are never answered by a read that was under way when they were asked for', async () => {
    const { together, reads, asked } = heldReads();
    const first = together.session('a');
    await turn();
    const second = together.session('a');
    await turn();
    expect(asked()).toEqual([['a'], ['a']]);
    const third = ['a', 'b', 'c'].map((id) => together.session(id));
    await turn();
    expect(reads).toHaveLength(2);
    reads[0]?.answer();
    expect(idOf(await first)).toBe('a');
    await turn();
    expect(asked()).toEqual([['a'], ['a'], ['a', 'b', 'c']]);
    reads[2]?.answer();
    expect((await Promise.all(third)).map(idOf)).toEqual(['a', 'b', 'c']);
    reads[1]?.answer();
    expect(idOf(await second)).toBe('a');
  });

  it('fail together, and the next are read again', async () => {
    const { together, reads } = heldReads();
    const lost = ['a', 'b'].map((id) => together.session(id));
    await turn();
    reads[0]?.fail(new Error('the connection is lost'));
    for (const one of lost) await expect(one).rejects.toThrow('the connection is lost');
    const next = together.session('a');
    await turn();
    reads[1]?.answer();
    expect(idOf(await next)).toBe('a');
  });
});
