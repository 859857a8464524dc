import { z } from 'zod';
import type { CloudEvent } from '#libs/contracts';
import { guidanceShape } from '../guidance.js';
import { answerOf, progress, type RegisterTool } from './tool-context.js';

const shownEvent = z.object({
  position: z.number().int(),
  time: z.string(),
  type: z.string(),
  actor: z.string(),
  data: z.record(z.string(), z.unknown()),
});

/** Members that are of no use to an agent: the token's texts and its hash. */
const HIDDEN = new Set(['tokenHeader', 'tokenPayload', 'tokenHash']);

/** `session_history`: the ledger's events of the own session, newest first. */
export const registerSessionHistory: RegisterTool = (server, { client }) => {
  server.registerTool(
    'session_history',
    {
      title: 'Session history',
      description:
        'What happened to this agent’s session, newest first: issued, renewed, warned of, revoked, and by whom.',
      inputSchema: z.object({
        limit: z.number().int().min(1).max(200).default(20).describe('How many events'),
        cursor: z.string().max(512).optional().describe('nextCursor of the page before'),
      }),
      outputSchema: z.object({
        ...guidanceShape,
        events: z.array(shownEvent).optional(),
        nextCursor: z.string().nullable().optional(),
      }),
      annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    },
    async ({ limit, cursor }, context) => {
      await progress(context, 0, 1, 'Asking the ledger');
      const query = { limit, order: 'newest' as const, ...(cursor !== undefined && { cursor }) };
      const result = await client.events(query, context.mcpReq.signal);
      await progress(context, 1, 1, 'Done');
      return answerOf(result, ({ items, nextCursor }) => ({ events: items.map(show), nextCursor }));
    },
  );
};

function show({ position, time, type, actor, data }: CloudEvent): z.infer<typeof shownEvent> {
  const shown = Object.fromEntries(Object.entries(data).filter(([name]) => !HIDDEN.has(name)));
  return { position, time, type, actor, data: shown };
}
