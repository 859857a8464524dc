import { describe, expect, it } from '@jest/globals';
import { SourceDelays, sourceOf } from './source-delays.js';

describe('SourceDelays', () => {
  it('lets typing mistakes pass, then doubles the delay up to a minute', () => {
    let now = 0;
    const delays = new SourceDelays(() => now);
    const waits: number[] = [];
    for (let attempt = 0; attempt < 13; attempt++) {
      delays.failed('192.0.2.1');
      const wait = delays.waitOf('192.0.2.1');
      waits.push(wait);
      now += wait;
    }
    expect(waits).toEqual([0, 0, 0, 500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000]);
  });

  it('keeps one source’s delay from another, and forgets after a right password or a quiet quarter of an hour', () => {
    let now = 0;
    const delays = new SourceDelays(() => now);
    for (let attempt = 0; attempt < 6; attempt++) delays.failed('192.0.2.1');
    expect(delays.waitOf('192.0.2.2')).toBe(0);
    expect(delays.waitOf('::ffff:192.0.2.1')).toBe(2000);
    delays.succeeded('192.0.2.1');
    expect(delays.waitOf('192.0.2.1')).toBe(0);

    for (let attempt = 0; attempt < 6; attempt++) delays.failed('192.0.2.1');
    now += 15 * 60_000;
    delays.failed('192.0.2.1');
    expect(delays.waitOf('192.0.2.1')).toBe(0);
  });

  it('takes a /64 for one source', () => {
    expect(sourceOf('2001:db8:1:2:3::4')).toBe(sourceOf('2001:db8:1:2:ffff::1'));
    expect(sourceOf('2001:db8:1:3::1')).not.toBe(sourceOf('2001:db8:1:2::1'));
  });
});
