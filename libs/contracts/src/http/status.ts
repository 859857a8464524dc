import { z } from 'zod';
import { timestamp } from './common.js';

/** Answer of `GET /v1/status`: what an operator's tools look at. Never a secret; keys by fingerprint. */
export const serverStatus = z.object({
  version: z.string(),
  /** Database time, with milliseconds. */
  time: timestamp,
  /** Names of the newest migration that the code has and that the database has. */
  schema: z.object({
    expected: z.string(),
    actual: z.string(),
    /** Those of the code that the database has not had, and those of the database that the code does not know. */
    missing: z.array(z.string()),
    unknown: z.array(z.string()),
  }),
  log: z.object({
    /** Events that have their place in the log. */
    position: z.int(),
    /** Events that wait for it, and since when the oldest waits. */
    waiting: z.int(),
    waitingSeconds: z.number().nullable(),
    /** Size that the newest signed checkpoint covers, and when it was signed. */
    checkpointSize: z.int(),
    checkpointAt: timestamp.nullable(),
  }),
  /** How far each reader of the log has come. */
  readers: z.array(z.object({ name: z.string(), position: z.int() })),
  /** Signing keys, the newest first. */
  keys: z.array(
    z.object({
      kid: z.string(),
      /** SHA-256 of the public key, the first 16 hex digits. */
      fingerprint: z.string(),
      state: z.enum(['signing', 'next', 'retired', 'revoked']),
    }),
  ),
  issuer: z.string(),
  /** `LEDGER_PREVIOUS_TOKEN_GRACE`, seconds. */
  previousTokenGrace: z.number(),
});
export type ServerStatus = z.infer<typeof serverStatus>;
