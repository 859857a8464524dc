import type { lookup } from 'node:dns';
import { describe, expect, it } from '@jest/globals';
import { TargetPolicy } from '#libs/deliveries';
import type { LookupAnswer } from './name-lookups.js';
import { safeConnector } from './safe-connector.js';

describe('a burst of connections to one host', () => {
  it('looks its name up once, and refuses each of them the address that it may not reach', async () => {
    const lookups: LookupAnswer[] = [];
    const resolve = (_host: string, _options: unknown, answer: LookupAnswer): void => void lookups.push(answer);
    const connect = safeConnector(new TargetPolicy(), resolve as unknown as typeof lookup);
    const target = { hostname: 'hooks.example.test', protocol: 'https:', port: '443' };
    const errors = Array.from(
      { length: 32 },
      () => new Promise((done) => connect(target, (...[error]) => done(error))),
    );
    const asked = lookups.length;
    for (const answer of lookups) answer(null, [{ address: '10.0.0.1', family: 4 }]);
    expect(await Promise.all(errors)).toEqual(
      errors.map(() =>
        expect.objectContaining({ code: 'REFUSED_ADDRESS', message: expect.stringContaining('10.0.0.1') }),
      ),
    );
    expect(asked).toBe(1);
  });
});
