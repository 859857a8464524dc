import { z } from 'zod';
import { allowedOperations, maxAmountPerTx, maxRenewals, renewalRejectWindow, ttl } from './agents.js';
import { labels, reason, timestamp, uuid } from './common.js';

export const sessionConstraints = z.strictObject({
  allowedOperations: allowedOperations.optional(),
  maxAmountPerTx: maxAmountPerTx.optional(),
});

export const createSessionBody = z.strictObject({
  agentId: uuid,
  expiresIn: ttl.optional(),
  maxRenewals: maxRenewals.optional(),
  renewalRejectWindow: renewalRejectWindow.optional(),
  /** Seconds; only shorter than the configured one. */
  absoluteLifetime: z.int().min(1).max(7_776_000).optional(),
  constraints: sessionConstraints.optional(),
  supersede: z.boolean().optional(),
  reason: reason.optional(),
  labels: labels.optional(),
});
export type CreateSessionBody = z.infer<typeof createSessionBody>;

export const revokeSessionBody = z.strictObject({
  reason: reason.optional(),
  trigger: z.enum(['manual_revoke', 'renewal_rejected', 'superseded']).optional(),
});
export type RevokeSessionBody = z.infer<typeof revokeSessionBody>;

export const sessionStatus = z.enum(['active', 'expiring_soon', 'expired', 'revoked']);

export const sessionView = z.object({
  id: uuid,
  agentId: uuid,
  agentName: z.string(),
  status: sessionStatus,
  generation: z.int(),
  expiresIn: z.int(),
  expiresAt: timestamp,
  absoluteExpiresAt: timestamp,
  renewalCount: z.int(),
  maxRenewals: z.int().nullable(),
  remainingRenewals: z.int().nullable(),
  renewalRejectWindow: z.int(),
  constraints: sessionConstraints,
  endsAt: timestamp,
  /** While the alert's condition holds: why, and when it ends unless something is done. */
  expiringSoon: z
    .object({
      /** Few `renewals` left; the `lifetime` ends; `unrenewed`: nobody holds it or ever renewed it, so it ends with its token. */
      causes: z.array(z.enum(['renewals', 'lifetime', 'unrenewed'])),
      endsAt: timestamp,
    })
    .nullable(),
  reason: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  version: z.int(),
  createdAt: timestamp,
});
export type SessionView = z.infer<typeof sessionView>;

/** Answer of create, renew and rotate. The token is null on an idempotent replay once it is no longer current. */
export const sessionWithToken = sessionView.extend({ token: z.string().nullable() });
export type SessionWithToken = z.infer<typeof sessionWithToken>;
