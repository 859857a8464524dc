import { describe, expect, it } from '@jest/globals';
import { type KnownToken, KnownTokens } from './known-tokens.js';

const token = (hash: string) => ({ hash, kid: 'k', claims: {} }) as KnownToken;

describe('the tokens that a process knows', () => {
  it('are the last 25,000 in use at least, and 50,000 at most', () => {
    const known = new KnownTokens();
    const add = (name: string, count: number) => {
      for (let n = 0; n < count; n++) known.add(token(`${name} ${n}`));
    };
    add('first', 2);
    add('then', 24_999);
    expect(known.find('first 0')).toEqual(token('first 0'));
    add('after', 24_999);
    expect(known.find('first 0')).toEqual(token('first 0'));
    expect(known.find('first 1')).toBeUndefined();
    expect(known.find('after 0')).toBeDefined();
  });
});
