import { describe, expect, it } from '@jest/globals';
import { lineDiff, withContext } from './line-diff.js';

const shown = (before: string, after: string): string[] => lineDiff(before, after).map(({ sign, text }) => sign + text);

describe('lineDiff', () => {
  it('keeps what stays, in order', () => {
    expect(shown('a\nb\nc\nd\n', 'a\nx\nc\nd\ne\n')).toEqual([' a', '-b', '+x', ' c', ' d', '+e']);
    expect(shown('', 'a\n')).toEqual(['+a']);
    expect(shown('a\na\n', 'a\n')).toEqual([' a', '-a']);
    expect(shown('a\n', 'a\n')).toEqual([' a']);
  });

  it('finds an entry in a file of 70,000 lines', () => {
    const lines = Array.from({ length: 70_000 }, (_, index) => `line ${index}`);
    const after = [...lines.slice(0, 40_000), 'new', ...lines.slice(40_000)];
    const diff = withContext(lineDiff(lines.join('\n'), after.join('\n')));
    expect(diff.map(({ sign }) => sign).join('')).toBe('   +   ');
  });
});
