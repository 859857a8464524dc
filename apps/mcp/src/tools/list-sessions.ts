import { z } from 'zod';
import { guidanceShape } from '../guidance.js';
import { listedSession, listSession } from './session-view.js';
import { answerOf, type RegisterTool } from './tool-context.js';

/** `list_sessions`: all sessions of the own agent. */
export const registerListSessions: RegisterTool = (server, { client }) => {
  server.registerTool(
    'list_sessions',
    {
      title: 'List sessions',
      description: 'All sessions of this agent, newest first, with their status and end.',
      inputSchema: z.object({
        limit: z.number().int().min(1).max(200).default(20).describe('How many sessions'),
        cursor: z.string().max(512).optional().describe('nextCursor of the page before'),
      }),
      outputSchema: z.object({
        ...guidanceShape,
        sessions: z.array(listedSession).optional(),
        nextCursor: z.string().nullable().optional(),
      }),
      annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    },
    async ({ limit, cursor }, { mcpReq }) => {
      const result = await client.sessions({ limit, ...(cursor !== undefined && { cursor }) }, mcpReq.signal);
      return answerOf(result, ({ items, nextCursor }) => ({ sessions: items.map(listSession), nextCursor }));
    },
  );
};
