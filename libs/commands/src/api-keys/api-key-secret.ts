import { createHash } from 'node:crypto';
import { API_KEY_PREFIX } from '#libs/contracts';
import { newSecret } from '#libs/platform';

/** A new key with 256 random bits, so that a plain hash of it cannot be reversed by guessing. */
export function newApiKeySecret(): string {
  return API_KEY_PREFIX + newSecret();
}

/** SHA-256, lower-case hex. */
export function hashOfApiKey(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
