import { describe, expect, it } from '@jest/globals';
import { RecentMap } from './recent-map.js';

/** Uses 99 other entries, of that name. */
function then(map: RecentMap<string, object>, name: string): void {
  for (let n = 0; n < 99; n++) map.set(`${name} ${n}`, {});
}

describe('a map of what was used last', () => {
  it('keeps as many entries as asked for, and forgets what was not used for twice as many', () => {
    const map = new RecentMap<string, object>(100);
    map.set('first', {});
    then(map, 'a');
    expect(map.get('first')).toBeDefined();
    map.set('second', {});
    then(map, 'b');
    expect(map.get('first')).toBeDefined();
    then(map, 'c');
    then(map, 'd');
    expect(map.get('second')).toBeUndefined();
    expect(map.get('d 0')).toBeDefined();
  });

  it('counts an entry that changes once', () => {
    const map = new RecentMap<string, object>(2);
    map.set('a', {});
    map.set('b', {});
    const last = {};
    for (const value of [{}, {}, last]) map.set('b', value);
    expect(map.get('a')).toBeDefined();
    expect(map.get('b')).toBe(last);
  });

  it('forgets what is deleted, wherever it was kept', () => {
    const map = new RecentMap<string, object>(1);
    map.set('a', {});
    map.set('b', {});
    map.delete('a');
    map.delete('b');
    expect([map.get('a'), map.get('b')]).toEqual([undefined, undefined]);
  });
});
