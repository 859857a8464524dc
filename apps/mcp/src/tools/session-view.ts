import { z } from 'zod';
import type { SessionView } from '#libs/contracts';

/** What a tool shows of the own session. Never the token. */
export const sessionStatusSchema = z.object({
  state: z.enum(['active', 'expiring', 'expired', 'error']),
  reason: z.string().nullable(),
  detail: z.string().nullable(),
  sessionId: z.string().nullable(),
  agentId: z.string().nullable(),
  agentName: z.string().nullable(),
  generation: z.number().int().nullable(),
  expiresAt: z.string().nullable(),
  secondsLeft: z.number().int().nullable(),
  renewAt: z.string().nullable(),
  remainingRenewals: z.number().int().nullable(),
  endsAt: z.string().nullable(),
  holderId: z.string().nullable(),
  updates: z
    .enum(['connected', 'resuming', 'stale'])
    .describe('How news of the session come in: at once, soon again, or not for a while (then by the token file)'),
  tokenFileCurrent: z.boolean(),
  tokenFile: z.string(),
  labels: z.record(z.string(), z.string()).nullable(),
  clockOffsetMs: z.number().nullable(),
  forecast: z.string(),
});

export const listedSession = z.object({
  id: z.string(),
  status: z.string(),
  generation: z.number().int(),
  expiresAt: z.string(),
  endsAt: z.string(),
  remainingRenewals: z.number().int().nullable(),
  labels: z.record(z.string(), z.string()),
  createdAt: z.string(),
});

export function listSession(view: SessionView): z.infer<typeof listedSession> {
  const { id, status, generation, expiresAt, endsAt, remainingRenewals, labels, createdAt } = view;
  return { id, status, generation, expiresAt, endsAt, remainingRenewals, labels, createdAt };
}
