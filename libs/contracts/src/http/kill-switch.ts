import { z } from 'zod';
import { reason, timestamp } from './common.js';

export const killSwitchBody = z.strictObject({
  reason: reason.optional(),
  /** Also ends every active session. */
  revokeSessions: z.boolean().optional(),
});
export type KillSwitchBody = z.infer<typeof killSwitchBody>;

export const killSwitchView = z.object({
  active: z.boolean(),
  reason: z.string().nullable(),
  changedAt: timestamp.nullable(),
  /** In the answer to PUT: how many sessions it ended. */
  revokedSessions: z.int().optional(),
});
export type KillSwitchView = z.infer<typeof killSwitchView>;
