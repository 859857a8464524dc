import { z } from 'zod';
import { text, timestamp, uuid } from './common.js';

/** An Ed25519 public JWK: verifies the holder's assertions. */
const signingJwk = z.strictObject({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});
/** An X25519 public JWK: the token is sealed to it (JWE, ECDH-ES, A256GCM). */
const sealingJwk = z.strictObject({
  kty: z.literal('OKP'),
  crv: z.literal('X25519'),
  x: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});

export const registerHolderBody = z.strictObject({
  sessionId: uuid,
  name: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'letters, digits, dot, dash and underscore'),
  signingKey: signingJwk,
  sealingKey: sealingJwk,
});
export type RegisterHolderBody = z.infer<typeof registerHolderBody>;

/** Body of `PATCH /v1/holders/:id`: moves the holder to another session of its agent. */
export const assignHolderBody = z.strictObject({ sessionId: uuid });
export type AssignHolderBody = z.infer<typeof assignHolderBody>;

export const holderView = z.object({
  id: uuid,
  agentId: uuid,
  sessionId: uuid,
  name: z.string(),
  /** The newest generation that this holder acknowledged to run; null before the first receipt. */
  generation: z.int().nullable(),
  /** When that generation, or the session's end, was acknowledged first. */
  acknowledgedAt: timestamp.nullable(),
  /** Whether the holder acknowledged that its session has ended. */
  ended: z.boolean(),
  lastSeenAt: timestamp.nullable(),
  createdAt: timestamp,
});
export type HolderView = z.infer<typeof holderView>;

/** A user of its own on NATS, with which a desktop hears its agent's events. `expiresIn`: seconds that it still lives. */
export const natsAccessView = z.object({
  servers: z.array(z.string()).min(1),
  jwt: z.string(),
  seed: z.string(),
  expiresIn: z.number().positive(),
});
export type NatsAccessView = z.infer<typeof natsAccessView>;

/** Answer of `POST /v1/holders/token`: the session, and its current token as a compact JWE to the holder's sealing key. */
export const handOverView = z.object({
  sessionId: uuid,
  generation: z.int(),
  expiresAt: timestamp,
  sealedToken: z.string(),
  sealedNats: z
    .string()
    .optional()
    .describe('A `NatsAccessView` as JSON, sealed likewise; where NATS runs in operator mode'),
});
export type HandOverView = z.infer<typeof handOverView>;

/** `generation`: the newest that the holder runs; `ended`: it took note that the session has ended. */
export const receiptBody = z.strictObject({
  sessionId: uuid,
  generation: z.int().min(0),
  ended: z.boolean().optional(),
});
export type ReceiptBody = z.infer<typeof receiptBody>;

export const receiptAnswer = z.object({
  checkpoint: z
    .string()
    .nullable()
    .describe(
      'The newest signed checkpoint of the log (C2SP signed note), to be kept as a witness; null before the first',
    ),
});
export type ReceiptAnswer = z.infer<typeof receiptAnswer>;

/**
 * Claims of a holder's assertion (RFC 7523 `private_key_jwt`): a JWT signed with the holder's Ed25519 key.
 * `iss` = `sub` = holder id, `aud` = issuer, `htm` and `htu` = method and URL path, `iat` within 60 s of server time, `jti` once.
 */
export const holderAssertionClaims = z.object({
  iss: uuid,
  sub: uuid,
  aud: z.string(),
  htm: z.string(),
  htu: z.string(),
  jti: text.min(16).max(128),
  iat: z.int(),
  exp: z.int(),
});

/** Where a holder stands: on the current generation (or it knows of the end), not yet, or not for too long. */
export const holderStanding = z.enum(['current', 'behind', 'offline']);

/** A holder of one session, and how long it took to follow the session's last change. */
export const sessionHolderView = z.object({
  id: uuid,
  name: z.string(),
  standing: holderStanding,
  generation: z.int().nullable(),
  ended: z.boolean(),
  acknowledgedAt: timestamp.nullable(),
  /** From the change to its acknowledgement, milliseconds; null while it is not acknowledged. */
  latencyMs: z.int().nullable(),
  lastSeenAt: timestamp.nullable(),
});
export type SessionHolderView = z.infer<typeof sessionHolderView>;

/** Answer of `GET /v1/sessions/:id/holders`: who has taken the session's current generation, or its end. */
export const sessionHoldersView = z.object({
  sessionId: uuid,
  /** The generation that every holder should run. */
  generation: z.int(),
  /** Whether the session has ended: then the end is what is to be acknowledged. */
  ended: z.boolean(),
  /** When that generation was issued, or the session ended. */
  changedAt: timestamp,
  current: z.int(),
  behind: z.int(),
  offline: z.int(),
  /** By holder, newest first; a session's holders are few. */
  items: z.array(sessionHolderView),
});
export type SessionHoldersView = z.infer<typeof sessionHoldersView>;
