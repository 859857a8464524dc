import { describe, expect, it } from '@jest/globals';
import { quietUntil } from './quiet-hours.js';

const NIGHT = { from: '22:00', to: '07:00', timeZone: 'Asia/Seoul' };

function until(quiet: typeof NIGHT, now: string): string | null {
  const end = quietUntil(quiet, Date.parse(now));
  return end === null ? null : new Date(end).toISOString();
}

describe('quiet hours', () => {
  it('hold over midnight, by the clock of their zone', () => {
    expect(until(NIGHT, '2026-11-21T12:59:59Z')).toBeNull();
    expect(until(NIGHT, '2026-11-21T13:00:00Z')).toBe('2026-11-21T22:00:00.000Z');
    expect(until(NIGHT, '2026-11-21T18:30:45Z')).toBe('2026-11-21T22:00:00.000Z');
    expect(until(NIGHT, '2026-11-21T21:59:59Z')).toBe('2026-11-21T22:00:00.000Z');
    expect(until(NIGHT, '2026-11-21T22:00:00Z')).toBeNull();
  });

  it('hold within a day', () => {
    const noon = { from: '12:00', to: '13:30', timeZone: 'UTC' };
    expect(until(noon, '2026-11-21T11:59:00Z')).toBeNull();
    expect(until(noon, '2026-11-21T12:00:00Z')).toBe('2026-11-21T13:30:00.000Z');
    expect(until(noon, '2026-11-21T13:30:00Z')).toBeNull();
  });

  it('end by the clock on the wall where the clocks change in the night', () => {
    const berlin = { ...NIGHT, timeZone: 'Europe/Berlin' };
    // Back one hour on 25 October, forward one hour on 29 March.
    expect(until(berlin, '2026-10-24T21:00:00Z')).toBe('2026-10-25T06:00:00.000Z');
    expect(until(berlin, '2026-03-28T22:00:00Z')).toBe('2026-03-29T05:00:00.000Z');
  });
});
