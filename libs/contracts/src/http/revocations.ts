import { z } from 'zod';
import { text, timestamp, uuid } from './common.js';

/** Query of `GET /v1/revocations`: without a cursor it begins with what is dead now, with one it goes on from there. */
export const revocationsQuery = z.strictObject({
  cursor: text.max(512).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(500),
});
export type RevocationsQuery = z.infer<typeof revocationsQuery>;

export const revocation = z.object({
  sessionId: uuid,
  /** Tokens of a lower generation are dead. */
  generation: z.int(),
  /** Every token of the session is dead. */
  ended: z.boolean(),
  /** From when: at a renewal the old token may have its grace. */
  deadFrom: timestamp,
});
export type Revocation = z.infer<typeof revocation>;

/** A page of the feed for verifiers that work offline. */
export const revocationPage = z.object({
  items: z.array(revocation),
  /** Where to go on; always given. */
  cursor: z.string(),
  /** Whether more is there now. */
  hasMore: z.boolean(),
  /** While on, no token is accepted. */
  killSwitchActive: z.boolean(),
});
export type RevocationPage = z.infer<typeof revocationPage>;
