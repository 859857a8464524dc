import { z } from 'zod';
import { eventTypeOf, type CloudEvent } from '#libs/contracts';
import { type SessionReason } from '#libs/client';
import { explainDenial, type Explanation, type Verdict } from '../explain/explain-denial.js';
import { guidanceShape, guidanceOf } from '../guidance.js';
import { answer, answerOf, type RegisterTool, type ToolContext } from './tool-context.js';

const PAGE = 200;
/** Pages read at most: a session of 100 renewals with all that surrounds them fits in two. */
const MOST_PAGES = 10;

/** Where no token is left to ask the ledger with, what the process knows itself is the answer. */
const VERDICT_OF_REASON: Partial<Record<SessionReason, Verdict>> = {
  no_token: 'no_token',
  token_expired: 'token_expired',
  token_refused: 'superseded_token',
  session_revoked: 'session_revoked',
  session_expired: 'session_expired',
  kill_switch: 'kill_switch',
  renewal_limit: 'renewal_limit',
  absolute_lifetime: 'absolute_lifetime',
};

/** `explain_denied_call`: why a call was refused, from the ledger's events and from what this process used at the time. */
export const registerExplainDeniedCall: RegisterTool = (server, context) => {
  server.registerTool(
    'explain_denied_call',
    {
      title: 'Explain a denied call',
      description:
        'Why a call of this agent was refused (401, 403): rotated, revoked, expired, not allowed, or not the session’s fault.',
      inputSchema: z.object({
        time: z.iso.datetime({ offset: true }).optional().describe('When it was refused (default: now)'),
        generation: z.number().int().min(0).optional().describe('Generation of the token it used, where known'),
        operation: z.string().max(200).optional().describe('The operation that the call needed, where known'),
      }),
      outputSchema: z.object({
        ...guidanceShape,
        verdict: z.string().optional(),
        explanation: z.string().optional(),
        evidence: z.array(z.number().int()).optional().describe('Positions of the events it rests on'),
        generation: z.number().int().nullable().optional(),
      }),
      annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    },
    async ({ time, generation, operation }, { mcpReq }) => {
      const at = time === undefined ? Date.now() : Date.parse(time);
      const used = generation ?? context.journal.at(at)?.generation ?? null;
      const session = await context.client.whoami(mcpReq.signal);
      if (session.kind !== 'ok') {
        const guidance = guidanceOf(session);
        return guidance === null
          ? answerOf(session, () => ({}))
          : answer({ ...guidance, ...ownVerdict(context), generation: used });
      }
      const events = await everyEvent(context, mcpReq.signal);
      const allowedOperations = session.data.constraints.allowedOperations ?? null;
      const denied = { time: at, generation: used, operation: operation ?? null, allowedOperations };
      return answer({ status: 'ok', ...explainDenial(denied, events), generation: used });
    },
  );
};

function ownVerdict({ manager }: ToolContext): Partial<Explanation> {
  const { reason, detail } = manager.getState();
  const verdict = reason === null ? undefined : VERDICT_OF_REASON[reason];
  return verdict === undefined ? {} : { verdict, explanation: detail ?? '', evidence: [] };
}

async function everyEvent({ client }: ToolContext, signal: AbortSignal): Promise<CloudEvent[]> {
  const events: CloudEvent[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const result = await client.events({ limit: PAGE, ...(cursor !== undefined && { cursor }) }, signal);
    if (result.kind !== 'ok') break;
    events.push(...result.data.items.filter(({ type }) => eventTypeOf(type) !== null));
    if (result.data.nextCursor === null) break;
    cursor = result.data.nextCursor;
  }
  return events;
}
