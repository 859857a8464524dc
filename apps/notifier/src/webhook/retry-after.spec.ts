import { describe, expect, it } from '@jest/globals';
import { retryAfterSeconds } from './retry-after.js';

const NOW = Date.parse('2026-11-21T12:00:00Z');

describe('Retry-After', () => {
  it.each([
    ['7', 7],
    ['0', 0],
    ['1.5', 2],
    ['1000000000', 1_000_000_000],
    ['Sat, 21 Nov 2026 12:00:07 GMT', 7],
  ])('%s asks for %s seconds', (header, seconds) => {
    expect(retryAfterSeconds(header, NOW)).toBe(seconds);
  });

  it.each(['-1', 'soon', '', '1e9', 'Sat, 21 Nov 2026 11:59:00 GMT', 'Sat, 99 Nov 2026', undefined])(
    '%s asks for nothing',
    (header) => {
      expect(retryAfterSeconds(header, NOW)).toBeUndefined();
    },
  );
});
