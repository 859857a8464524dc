import type { CallToolResult, McpServer, ServerContext } from '@modelcontextprotocol/server';
import type { ApiClient, CallResult, Log, SessionManager } from '#libs/client';
import type { SwapJournal } from '../explain/swap-journal.js';
import { guidanceOf } from '../guidance.js';

/** What the tools work with. */
export interface ToolContext {
  manager: SessionManager;
  client: ApiClient;
  journal: SwapJournal;
  log: Log;
}

export type RegisterTool = (server: McpServer, context: ToolContext) => void;

/** A normal result: the same object as structured content and as text, for clients of either kind. */
export function answer(content: Record<string, unknown>): CallToolResult {
  return { structuredContent: content, content: [{ type: 'text', text: JSON.stringify(content) }] };
}

/** The result of a call: guidance where it could not be made, an error where the ledger refused it, else what `show` makes of it. */
export function answerOf<T>(result: CallResult<T>, show: (data: T) => Record<string, unknown>): CallToolResult {
  if (result.kind === 'ok') return answer({ status: 'ok', ...show(result.data) });
  const guidance = guidanceOf(result);
  if (guidance !== null) return answer({ ...guidance });
  const problem = result.kind === 'error' ? result.problem : null;
  const text = problem === null ? 'The call failed.' : `${problem.title}. ${problem.hint} (${problem.code})`;
  return { isError: true, content: [{ type: 'text', text }] };
}

/** Tells the caller how far the work is, if it asked to be told. */
export async function progress(context: ServerContext, done: number, total: number, message: string): Promise<void> {
  const token = context.mcpReq._meta?.progressToken;
  if (token === undefined) return;
  await context.mcpReq.notify({
    method: 'notifications/progress',
    params: { progressToken: token, progress: done, total, message },
  });
}
