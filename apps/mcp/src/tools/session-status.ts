import { z } from 'zod';
import { forecastOf } from '../forecast.js';
import { guidanceOf, guidanceShape } from '../guidance.js';
import { answer, answerOf, type RegisterTool } from './tool-context.js';
import { sessionStatusSchema } from './session-view.js';

/** `session_status`: what the process knows of its session, checked with the ledger. */
export const registerSessionStatus: RegisterTool = (server, { manager, client }) => {
  server.registerTool(
    'session_status',
    {
      title: 'Session status',
      description:
        'State of this agent’s session: seconds left, generation, renewals left, what is wrong and what to do.',
      inputSchema: z.object({}),
      outputSchema: z.object({ ...guidanceShape, session: sessionStatusSchema.optional() }),
      annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    },
    async (_, { mcpReq }) => {
      const result = await client.whoami(mcpReq.signal);
      const status = manager.getState();
      const session = { ...status, forecast: forecastOf(status) };
      const guidance = guidanceOf(result);
      return guidance === null ? answerOf(result, () => ({ session })) : answer({ ...guidance, session });
    },
  );
};
