import { describe, expect, it } from '@jest/globals';
import { duration, parseSpan, relative, utc } from './duration.js';

describe('times for people', () => {
  it.each([
    [0, '0 s'],
    [59, '59 s'],
    [60, '1 m'],
    [61, '1 m 1 s'],
    [3600, '1 h'],
    [3605, '1 h'],
    [86_400 * 6 + 3600 * 23 + 59, '6 d 23 h'],
    [-5, '0 s'],
    [1.9, '1 s'],
  ])('%d seconds read %j', (seconds, text) => expect(duration(seconds)).toBe(text));

  it.each([
    ['90', 90],
    ['90s', 90],
    ['15m', 900],
    ['12 h', 43_200],
    ['7d', 604_800],
    ['2w', 1_209_600],
    ['', null],
    ['7days', null],
    ['-7d', null],
    ['1.5h', null],
  ])('%j is %p seconds', (text, seconds) => expect(parseSpan(text)).toBe(seconds));

  it('says how far away a moment is, before and after', () => {
    const now = new Date('2026-11-21T10:00:00Z');
    expect(relative(new Date('2026-11-21T12:30:00Z'), now)).toBe('in 2 h 30 m');
    expect(relative(new Date('2026-11-20T10:00:00Z'), now)).toBe('1 d ago');
    expect(utc('2026-11-21T11:00:00.123+01:00')).toBe('2026-11-21T10:00:00Z');
  });
});
