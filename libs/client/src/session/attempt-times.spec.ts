import { beforeEach, describe, expect, it } from '@jest/globals';
import { AttemptTimes } from './attempt-times.js';

describe('the times of the next attempts', () => {
  let now: number;
  let times: AttemptTimes;
  beforeEach(() => {
    now = 5_000;
    times = new AttemptTimes(
      () => now,
      () => 0.5,
    );
  });

  it('tries again after 1, 2 and 4 seconds, and then no more', () => {
    expect([1, 2, 3, 4].map(() => times.failed(0))).toEqual([1_000, 2_000, 4_000, null]);
    expect(times.renewNotBefore).toBe(9_000);
  });

  it('begins to count anew with a new token', () => {
    times.failed(0);
    times.renewed();
    expect(times.renewNotBefore).toBe(0);
    expect(times.failed(0)).toBe(1_000);
  });

  it('waits as long as the server asks for, if that is longer', () => {
    expect(times.failed(30_000)).toBe(30_000);
    expect(times.renewNotBefore).toBe(35_000);
  });

  it('doubles the wait each time the server calls a renewal too early, up to 256 times', () => {
    const waits = Array.from({ length: 10 }, () => {
      times.tooEarly(1_000);
      return times.renewNotBefore - now - 250;
    });
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 256].map((seconds) => seconds * 1_000));
  });

  it('sends nothing while it waits for a recovery, which comes in about a minute and is not put off', () => {
    times.pause();
    expect(times.renewNotBefore).toBe(Infinity);
    expect(times.recoverAt).toBe(65_000);
    now += 10_000;
    times.pause();
    times.recoverLater();
    expect(times.recoverAt).toBe(65_000);
  });

  it('looks for a server that is starting after 1, 2 and 4 seconds, only until it was there once', () => {
    const looks = [1, 2].map(() => {
      times.probeSoon();
      return times.recoverAt;
    });
    expect(looks).toEqual([6_000, 7_000]);
    times.probed();
    times.recoverAt = null;
    times.probeSoon();
    expect(times.recoverAt).toBeNull();
  });
});
