import { describe, expect, it } from '@jest/globals';
import { validate, version } from 'uuid';
import { newId } from './ids.js';

/** A clock may be set back a little while ids are made: they stay where it was. */
const STEP_MS = 1_000;

describe('a new id', () => {
  it('is a UUID v7 of now, and comes after all before it', () => {
    const before = Date.now() - STEP_MS;
    const ids = Array.from({ length: 20_000 }, newId);
    const time = (id: string) => parseInt(id.replaceAll('-', '').slice(0, 12), 16);
    expect(ids.every((id) => validate(id) && version(id) === 7)).toBe(true);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids.map((id) => id.slice(-12))).size).toBeGreaterThan(19_990);
    expect(time(ids[0] ?? '')).toBeGreaterThanOrEqual(before);
    expect(time(ids.at(-1) ?? '')).toBeLessThanOrEqual(Date.now() + STEP_MS);
  });
});
