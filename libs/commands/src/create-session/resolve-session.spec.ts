import { describe, expect, it } from '@jest/globals';
import { resolveSession } from './resolve-session.js';

const DAY = 86_400;
const SETTINGS = {
  defaults: { expiresIn: 604_800, maxRenewals: 30, renewalRejectWindow: 3600 },
  limits: { minTtl: 60, minLifetime: DAY, absoluteLifetime: 30 * DAY },
  previousTokenGrace: 30,
};
const AGENT = { expiresIn: 7200, maxRenewals: 5, renewalRejectWindow: 600, allowedOperations: ['read'] };

describe('what a new session gets', () => {
  it('is the configuration’s where nobody says otherwise', () => {
    expect(resolveSession({}, {}, SETTINGS)).toEqual({
      expiresIn: 604_800,
      maxRenewals: 30,
      renewalRejectWindow: 3600,
      absoluteLifetime: 30 * DAY,
      constraints: {},
    });
  });

  it('is the agent’s before the configuration’s, and the request’s before the agent’s, each for itself', () => {
    expect(resolveSession({}, AGENT, SETTINGS)).toMatchObject({
      expiresIn: 7200,
      maxRenewals: 5,
      renewalRejectWindow: 600,
      constraints: { allowedOperations: ['read'] },
    });
    const asked = { expiresIn: 3600, constraints: { allowedOperations: ['pay'], maxAmountPerTx: '1.00' } };
    expect(resolveSession(asked, AGENT, SETTINGS)).toMatchObject({
      expiresIn: 3600,
      maxRenewals: 5,
      constraints: { allowedOperations: ['pay'], maxAmountPerTx: '1.00' },
    });
  });

  it('keeps 0 renewals and unlimited renewals as they were asked for', () => {
    expect(resolveSession({ maxRenewals: 0 }, AGENT, SETTINGS).maxRenewals).toBe(0);
    expect(resolveSession({ maxRenewals: null }, AGENT, SETTINGS).maxRenewals).toBeNull();
    expect(resolveSession({}, { maxRenewals: null }, SETTINGS).maxRenewals).toBeNull();
  });

  it('refuses an explicit life above the absolute one, and lowers a defaulted one', () => {
    const absoluteLifetime = 2 * DAY;
    const code = expect.objectContaining({ code: 'TTL_EXCEEDS_ABSOLUTE_LIFETIME' });
    expect(() => resolveSession({ expiresIn: 3 * DAY, absoluteLifetime }, {}, SETTINGS)).toThrow(
      code as unknown as Error,
    );
    expect(resolveSession({ absoluteLifetime }, {}, SETTINGS).expiresIn).toBe(absoluteLifetime);
    expect(resolveSession({ absoluteLifetime }, { expiresIn: 9 * DAY }, SETTINGS).expiresIn).toBe(absoluteLifetime);
  });

  it('lives no longer than the configuration allows', () => {
    for (const absoluteLifetime of [DAY - 1, 30 * DAY + 1]) {
      const code = expect.objectContaining({ code: 'BAD_REQUEST' });
      expect(() => resolveSession({ absoluteLifetime }, {}, SETTINGS)).toThrow(code as unknown as Error);
    }
  });
});
