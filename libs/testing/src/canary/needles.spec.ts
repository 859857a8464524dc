import { describe, expect, it } from '@jest/globals';
import { Needles } from './needles.js';

describe('the search for secrets', () => {
  const needles = new Needles();
  needles.add('a password', 'p@ss/w"ord & more');
  needles.add('a key', Buffer.from('00ff10fe20fd30fc', 'hex'));

  it('finds a secret as it is, as hex, base64, in a URL and in JSON, at any place', () => {
    const secret = 'p@ss/w"ord & more';
    for (const form of [
      secret,
      Buffer.from(secret).toString('hex'),
      `\\x${Buffer.from(secret).toString('hex')}`,
      Buffer.from(secret).toString('base64'),
      Buffer.from(secret).toString('base64url'),
      `https://x.example/?q=${encodeURIComponent(secret)}`,
      JSON.stringify({ a: secret }),
    ]) {
      expect(needles.in(`before ${form} after`)).toEqual(['a password']);
      expect(needles.in(form)).toEqual(['a password']);
    }
    expect(needles.in(Buffer.concat([Buffer.alloc(5), Buffer.from('00ff10fe20fd30fc', 'hex')]))).toEqual(['a key']);
  });

  it('finds a secret at any address, at the very start and the very end, and says where', () => {
    const secret = Buffer.from('p@ss/w"ord & more');
    for (let before = 0; before < 9; before++) {
      for (let shift = 0; shift < 4; shift++) {
        const memory = Buffer.concat([Buffer.alloc(shift + before), secret]).subarray(shift);
        expect(needles.find(memory)).toEqual([{ name: 'a password', offset: before }]);
      }
    }
    const large = Buffer.alloc(200_000, 'x');
    for (const offset of [65_530, 131_060, 199_983]) secret.copy(large, offset);
    expect(needles.find(large).map(({ offset }) => offset)).toEqual([65_530, 131_060, 199_983]);
  });

  it('finds nothing in what only begins alike', () => {
    expect(needles.in('p@ss/w"ord & mor')).toEqual([]);
    expect(needles.in('')).toEqual([]);
  });

  it('refuses what is too short to be told from chance', () => {
    expect(() => needles.add('short', '1234')).toThrow(/too short/);
  });
});
