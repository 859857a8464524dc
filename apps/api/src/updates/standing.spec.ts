import { describe, expect, it } from '@jest/globals';
import { requireStanding } from './standing.js';

describe('an owner’s open stream', () => {
  it('stands as long as the password that opened it is the owner-key file’s', async () => {
    let current = true;
    const stillAccepted = () => Promise.resolve(current);
    const stands = () =>
      requireStanding({} as Parameters<typeof requireStanding>[0], {
        kind: 'owner',
        actor: 'owner',
        agents: null,
        stillAccepted,
      });
    await stands();
    current = false;
    await expect(stands()).rejects.toMatchObject({ code: 'CREDENTIAL_INVALID' });
  });
});
