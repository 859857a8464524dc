import type { lookup, LookupAddress } from 'node:dns';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type LookupAnswer, NameLookups } from './name-lookups.js';

const PATIENCE_MS = 3000;
const FOUND: LookupAddress[] = [{ address: '192.0.2.1', family: 4 }];

describe('names whose lookup hangs', () => {
  /** Those that are being looked up. */
  let asked: Map<string, LookupAnswer>;
  let lookups: NameLookups;
  beforeEach(() => {
    jest.useFakeTimers();
    asked = new Map();
    const resolve = (host: string, _options: unknown, answer: LookupAnswer): void => void asked.set(host, answer);
    lookups = new NameLookups(resolve as unknown as typeof lookup, PATIENCE_MS);
  });
  afterEach(() => void jest.useRealTimers());

  /** What was answered, once it is. */
  function ask(host: string): { answer: string | null } {
    const asking: { answer: string | null } = { answer: null };
    lookups.lookup(host, {}, (error, found) => {
      asking.answer = error ? (error as NodeJS.ErrnoException).code! : found[0]!.address;
    });
    return asking;
  }

  function answer(host: string): void {
    const done = asked.get(host)!;
    asked.delete(host);
    done(null, FOUND);
  }

  const underWay = (): string[] => [...asked.keys()];

  it('fail at once meanwhile, and hold one thread from then on: other names are looked up beside them', () => {
    ask('a.test');
    ask('b.test');
    const healthy = ask('healthy.test');
    expect(underWay()).toEqual(['a.test', 'b.test']);
    jest.advanceTimersByTime(PATIENCE_MS);
    expect([ask('a.test'), ask('b.test')]).toEqual([{ answer: 'EAI_AGAIN' }, { answer: 'EAI_AGAIN' }]);
    expect(healthy).toEqual({ answer: null });

    answer('a.test');
    expect(underWay()).toEqual(['b.test', 'healthy.test']);
    expect(ask('a.test')).toEqual({ answer: 'EAI_AGAIN' });
    // It has waited for a thread, not for its name servers.
    answer('healthy.test');
    expect(healthy).toEqual({ answer: '192.0.2.1' });
    expect(ask('healthy.test')).toEqual({ answer: null });
    expect(underWay()).toEqual(['b.test', 'healthy.test']);
  });

  it('are looked up like any other once they answer in time', () => {
    for (const host of ['a.test', 'b.test']) ask(host);
    jest.advanceTimersByTime(PATIENCE_MS);
    for (const host of ['a.test', 'b.test']) answer(host);
    ask('a.test');
    expect(ask('b.test')).toEqual({ answer: 'EAI_AGAIN' });
    answer('a.test');
    ask('b.test');
    ask('a.test');
    expect(underWay()).toEqual(['b.test', 'a.test']);
  });
});
