import { randomBytes } from 'node:crypto';
import { v7 } from 'uuid';

/** A new UUID v7: its order is the order of making. */
export function newId(): string {
  return v7();
}

/** A random secret with 256 bits, base64url. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}
