import { afterEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { ServerClock } from './server-clock.js';

afterEach(() => {
  jest.restoreAllMocks();
});

describe('the server clock', () => {
  it('is right to half a second after one answer, and better after many, at any skew', () => {
    const answers = fc.array(fc.record({ at: fc.nat(60_000), trip: fc.integer({ min: 1, max: 200 }) }), {
      minLength: 1,
    });
    fc.assert(
      fc.property(fc.integer({ min: -600_000, max: 600_000 }), answers, (skew, calls) => {
        const clock = new ServerClock();
        const start = 1_700_000_000_000;
        let previous = Infinity;
        for (const { at, trip } of calls) {
          const sent = start + at;
          const server = sent + skew + trip / 2;
          clock.observe(new Date(Math.floor(server / 1000) * 1000).toUTCString(), sent, sent + trip);
          const wrong = Math.abs(clock.offset() - skew);
          expect(wrong).toBeLessThanOrEqual(500 + trip);
          previous = Math.min(previous, wrong);
        }
        expect(clock.known).toBe(true);
      }),
    );
  });

  it('follows a server whose clock was set', () => {
    const clock = new ServerClock();
    clock.observe(new Date(1_700_000_000_000).toUTCString(), 1_700_000_000_100, 1_700_000_000_200);
    clock.observe(new Date(1_700_000_300_000).toUTCString(), 1_700_000_001_100, 1_700_000_001_200);
    expect(clock.offset()).toBeGreaterThan(298_000);
  });

  it('has an earliest time that never runs ahead of the server', () => {
    const local = 1_700_000_000_000;
    jest.spyOn(Date, 'now').mockReturnValue(local);
    for (let trial = 0; trial < 500; trial++) {
      const offset = Math.round((Math.random() - 0.5) * 1_200_000);
      const clock = new ServerClock();
      for (let answer = 0; answer < 4; answer++) {
        const sentAt = local - 10_000 + Math.random() * 9_000;
        const receivedAt = sentAt + Math.random() * 900;
        const madeAt = sentAt + Math.random() * (receivedAt - sentAt);
        clock.observe(new Date(Math.floor((madeAt + offset) / 1000) * 1000).toUTCString(), sentAt, receivedAt);
      }
      expect(clock.earliest()).toBeLessThanOrEqual(local + offset);
      expect(clock.earliest()).toBeGreaterThan(local + offset - 2_000);
    }
    jest.restoreAllMocks();
  });

  it('ignores an answer without a readable Date', () => {
    const clock = new ServerClock();
    clock.observe(undefined, 1, 2);
    clock.observe('yesterday', 1, 2);
    expect([clock.known, clock.offset()]).toEqual([false, 0]);
  });

  it('notices that the wall clock moved apart from the monotonic one, and forgets what it knew', () => {
    const wall = jest.spyOn(Date, 'now').mockReturnValue(1_700_000_000_000);
    const monotonic = jest.spyOn(performance, 'now').mockReturnValue(1000);
    const clock = new ServerClock();
    clock.observe(new Date(1_700_000_000_000).toUTCString(), 1_700_000_000_000, 1_700_000_000_010);
    wall.mockReturnValue(1_700_000_005_000);
    monotonic.mockReturnValue(6000);
    expect([clock.jumped(), clock.known]).toEqual([false, true]);
    wall.mockReturnValue(1_700_003_605_000);
    monotonic.mockReturnValue(7000);
    expect([clock.jumped(), clock.known]).toEqual([true, false]);
    expect(clock.jumped()).toBe(false);
  });
});
