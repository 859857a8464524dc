import { z } from 'zod';
import { API_KEY_ROLES } from '../event-types.js';
import { reason, timestamp, uuid } from './common.js';

export const apiKeyRole = z.enum(API_KEY_ROLES);

export const createApiKeyBody = z
  .strictObject({
    name: z
      .string()
      .trim()
      .min(1)
      .max(100)
      .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'no control characters'),
    role: apiKeyRole,
    /** The only agents that the key sees; all when absent. */
    agents: z.array(uuid).min(1).max(1000).optional(),
  })
  .refine(({ role, agents }) => role !== 'owner' || agents === undefined, {
    path: ['agents'],
    message: 'an owner key sees every agent: choose role auditor or resource, or leave `agents` out',
  });
export type CreateApiKeyBody = z.infer<typeof createApiKeyBody>;

export const revokeApiKeyBody = z.strictObject({ reason: reason.optional() });
export type RevokeApiKeyBody = z.infer<typeof revokeApiKeyBody>;

export const apiKeyView = z.object({
  id: uuid,
  name: z.string(),
  role: apiKeyRole,
  /** null: all. */
  agents: z.array(uuid).nullable(),
  createdAt: timestamp,
  revokedAt: timestamp.nullable(),
  /** To the minute; null before the first use. */
  lastUsedAt: timestamp.nullable(),
});
export type ApiKeyView = z.infer<typeof apiKeyView>;

/** Answer of create. The key is shown this once: null on an idempotent replay. */
export const apiKeyWithSecret = apiKeyView.extend({ key: z.string().nullable() });
export type ApiKeyWithSecret = z.infer<typeof apiKeyWithSecret>;
