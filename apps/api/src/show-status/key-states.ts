import { createHash } from 'node:crypto';
import type { ServerStatus } from '#libs/contracts';
import type { SigningKey } from '#libs/tokens';

/** Keys by fingerprint, the newest first as they are given. `now` is epoch seconds. */
export function keyStates(keys: readonly SigningKey[], now: number): ServerStatus['keys'] {
  const signing = keys
    .filter(
      (key) => key.revokedAt === null && key.privateKey !== null && key.signsFrom !== null && key.signsFrom <= now,
    )
    .sort((left, right) => (right.signsFrom ?? 0) - (left.signsFrom ?? 0))
    .at(0);
  return keys.map((key) => ({
    kid: key.kid,
    fingerprint: createHash('sha256').update(key.publicJwk.x).digest('hex').slice(0, 16),
    state:
      key.revokedAt !== null
        ? 'revoked'
        : key === signing
          ? 'signing'
          : key.privateKey === null || (key.signsFrom !== null && key.signsFrom <= now)
            ? 'retired'
            : 'next',
  }));
}
