import { z } from 'zod';
import { timestamp } from './common.js';

/** Seconds that a JWKS answer may be cached; a new key signs only after every verifier had the time to see it. */
export const JWKS_MAX_AGE = 300;

const kid = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'a key id as GET /v1/keys lists it');

/** Body of `POST /v1/keys/rotate`. */
export const rotateKeyBody = z.strictObject({
  /** The emergency: this key verifies nothing from now on, and its sessions are rotated. */
  revoke: kid.optional(),
});
export type RotateKeyBody = z.infer<typeof rotateKeyBody>;

export const signingKeyView = z.object({
  kid: z.string(),
  /** `next`: published, signs later. `previous`: signs no more, its tokens live. `retired`: its tokens are all dead. */
  state: z.enum(['next', 'current', 'previous', 'retired', 'revoked']),
  createdAt: timestamp,
  /** Null while its rotation is not recorded. */
  signsFrom: timestamp.nullable(),
  revokedAt: timestamp.nullable(),
});
export type SigningKeyView = z.infer<typeof signingKeyView>;

export const signingKeyList = z.object({ items: z.array(signingKeyView) });

/** Answer of `POST /v1/log/keys/rotate`. */
export const logKeyRotationView = z.object({
  keyId: z.string(),
  key: z.string().describe('The new public key as auditors keep it (C2SP verifier key)'),
  previousKeyId: z.string().nullable(),
});
export type LogKeyRotationView = z.infer<typeof logKeyRotationView>;

export const keyRotationView = z.object({
  kid: z.string(),
  signsFrom: timestamp,
  previousKid: z.string().nullable(),
  revokedKid: z.string().nullable(),
  /** Sessions that were rotated because their key was revoked. */
  rotatedSessions: z.int().min(0),
});
export type KeyRotationView = z.infer<typeof keyRotationView>;
