import { explainCall, type CallExplanation, type CallResult } from '#libs/client';
import type { CloudEvent } from '#libs/contracts';
import { z } from 'zod';
import { guidanceOf, guidanceShape } from '../guidance.js';
import { answer, answerOf, type RegisterTool, type ToolContext } from './tool-context.js';

const PAGE = 200;
/** A session of 100 renewals with all that surrounds them fits in two pages. */
const MOST_PAGES = 10;

const shown = {
  verdict: z.string().optional(),
  explanation: z.string().optional(),
  remedy: z.string().optional(),
  chain: z.array(z.object({ at: z.string(), actor: z.string(), what: z.string() })).optional(),
  generation: z.number().int().nullable().optional().describe('Generation of the token that the call used'),
  currentGeneration: z.number().int().nullable().optional(),
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
      outputSchema: z.object({ ...guidanceShape, ...shown }),
      annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    },
    async ({ time, generation, operation }, { mcpReq }) => {
      const at = time === undefined ? new Date() : new Date(time);
      const used = generation ?? context.journal.at(at.getTime())?.generation;
      const session = await context.client.whoami(mcpReq.signal);
      if (session.kind !== 'ok') {
        const guidance = guidanceOf(session);
        return guidance === null
          ? answerOf(session, () => ({}))
          : answer({ ...guidance, ...ownFinding(context), generation: used ?? null });
      }
      const history = await everyEvent(context, mcpReq.signal);
      if (history.kind !== 'ok') return answerOf(history, () => ({}));
      const found = explainCall(
        { session: history.data, context: [] },
        { at, ...(used !== undefined && { generation: used }) },
      );
      const allowed = session.data.constraints.allowedOperations;
      const finding = operation !== undefined ? judgeOperation(found, operation, allowed) : found;
      return answer({ status: 'ok', ...show(finding) });
    },
  );
};

type Finding = Omit<CallExplanation, 'verdict'> & { verdict: string };

function show({ verdict, summary, remedy, chain, generation, currentGeneration }: Finding): Record<string, unknown> {
  return { verdict, explanation: summary, remedy, chain, generation, currentGeneration };
}

function judgeOperation(found: CallExplanation, operation: string, allowed: string[] | undefined): Finding {
  if (!found.accepted || allowed === undefined || allowed.includes(operation)) return found;
  return {
    ...found,
    verdict: 'OPERATION_NOT_ALLOWED',
    summary: `The session allows ${allowed.join(', ') || 'no operation'}; the call needed ${operation}.`,
    remedy: `Ask the owner for a session that allows it: sledger mcp setup --allowed-ops ${[...allowed, operation].join(',')}`,
  };
}

/** Where no token is left to ask the ledger with, what the process knows itself is the answer. */
function ownFinding({ manager }: ToolContext): Record<string, unknown> {
  const { reason, detail } = manager.getState();
  return reason === null ? {} : { verdict: reason.toUpperCase(), explanation: detail ?? '' };
}

/** All events or none: half a history would explain the call wrongly. */
async function everyEvent({ client }: ToolContext, signal: AbortSignal): Promise<CallResult<CloudEvent[]>> {
  const events: CloudEvent[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const result = await client.events({ limit: PAGE, ...(cursor !== undefined && { cursor }) }, signal);
    if (result.kind !== 'ok') return result;
    events.push(...result.data.items);
    if (result.data.nextCursor === null) break;
    cursor = result.data.nextCursor;
  }
  return { kind: 'ok', data: events };
}
