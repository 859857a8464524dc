import { z } from 'zod';
import { reason, text, timestamp, uuid } from './common.js';

/** What a list may add to a token, as JSON: scope and audiences together leave a token that every reader takes (8,192 characters). */
const MAX_CLAIM_BYTES = 2_048;

function fitsToken(list: readonly string[]): boolean {
  return new TextEncoder().encode(JSON.stringify(list)).length <= MAX_CLAIM_BYTES;
}

/** Seconds that one token may live; the server's configured minimum (default 60) applies besides. */
export const ttl = z.int().min(1).max(7_776_000);
export const maxRenewals = z.int().min(0).max(100).nullable();
export const renewalRejectWindow = z.int().min(300).max(86_400);
export const allowedOperations = z
  .array(z.string().regex(/^[\x21\x23-\x5B\x5D-\x7E]+$/, 'an OAuth scope token'))
  .max(100)
  .refine((operations) => fitsToken(operations), `at most ${MAX_CLAIM_BYTES} characters together`);
/** A decimal string, e.g. "100.50". */
export const maxAmountPerTx = z.string().regex(/^\d{1,30}(\.\d{1,18})?$/, 'a decimal number as a string');

export const agentDefaults = z.strictObject({
  expiresIn: ttl.optional(),
  maxRenewals: maxRenewals.optional(),
  renewalRejectWindow: renewalRejectWindow.optional(),
  audiences: z
    .array(text.min(1).max(512))
    .max(20)
    .refine((audiences) => fitsToken(audiences), `at most ${MAX_CLAIM_BYTES} bytes together`)
    .optional(),
  supersede: z.boolean().optional(),
  reuse: z.enum(['alert', 'revoke']).optional(),
  allowedOperations: allowedOperations.optional(),
  maxAmountPerTx: maxAmountPerTx.optional(),
});

export const agentName = z
  .string()
  .trim()
  .min(1)
  .max(500)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'no control characters');

export const createAgentBody = z.strictObject({ name: agentName, defaultConstraints: agentDefaults.optional() });
export type CreateAgentBody = z.infer<typeof createAgentBody>;

export const updateAgentBody = z.strictObject({
  defaultConstraints: agentDefaults.optional(),
  enabled: z.boolean().optional(),
  reason: reason.optional(),
});
export type UpdateAgentBody = z.infer<typeof updateAgentBody>;

export const agentView = z.object({
  id: uuid,
  name: z.string(),
  defaultConstraints: agentDefaults,
  enabled: z.boolean(),
  createdAt: timestamp,
});
export type AgentView = z.infer<typeof agentView>;
