import { describe, expect, it } from '@jest/globals';
import { HeldSession } from './held-session.js';
import type { HeldToken } from './held-token.js';
import { ServerClock } from './server-clock.js';

const NOW = Math.floor(Date.now() / 1000);

function token(sid: string, gen: number, iat = NOW): HeldToken {
  return { token: `${sid} ${gen}`, sid, gen, iat, exp: iat + 3600 };
}

describe('a token in the file against one at hand', () => {
  it.each([
    ['a later generation', token('a', 2), token('a', 1), true],
    ['a later generation that has ended', token('a', 2, NOW - 7200), token('a', 1), false],
    ['an earlier generation', token('a', 1), token('a', 2), false],
    ['a session issued later', token('a', 0, NOW), token('b', 7, NOW - 5), true],
    ['a session issued earlier', token('b', 0, NOW - 5), token('a', 7, NOW), false],
    ['a session made later in the same second', token('b', 0), token('a', 1), true],
    ['a session made earlier in the same second', token('a', 0), token('b', 1), false],
    ['a session issued later that has ended', token('b', 0, NOW - 7200), token('a', 0, NOW - 7300), false],
  ])('%s', (_, inFile, ours, stays) => {
    expect(new HeldSession(new ServerClock()).outranks(inFile, ours)).toBe(stays);
  });

  it('gives way once the server has refused it', () => {
    const session = new HeldSession(new ServerClock());
    session.refuse(token('b', 1));
    expect(session.outranks(token('b', 1), token('a', 0))).toBe(false);
    expect(session.outranks(token('b', 1), token('b', 0))).toBe(false);
  });
});
