import { McpServer } from '@modelcontextprotocol/server';
import { registerRecoverPrompt } from './recover-prompt.js';
import { registerSessionResource } from './session-resource.js';
import { registerExplainDeniedCall } from './tools/explain-denied-call.js';
import { registerListSessions } from './tools/list-sessions.js';
import { registerRenewSession } from './tools/renew-session.js';
import { registerSessionHistory } from './tools/session-history.js';
import { registerSessionStatus } from './tools/session-status.js';
import type { ToolContext } from './tools/tool-context.js';

const INSTRUCTIONS =
  'This server keeps the agent’s session token alive and current. Call session_status when a call is refused; follow its hint.';

/** One MCP server over the shared session: the same surface in both protocol eras. */
export function createServer(context: ToolContext, era: 'legacy' | 'modern'): McpServer {
  const server = new McpServer(
    { name: 'session-ledger', title: 'Session Ledger', version: '0.1.0' },
    { instructions: INSTRUCTIONS, capabilities: { tools: {}, resources: {}, prompts: {} } },
  );
  registerSessionStatus(server, context);
  registerSessionHistory(server, context);
  registerListSessions(server, context);
  registerRenewSession(server, context);
  registerExplainDeniedCall(server, context);
  registerRecoverPrompt(server, context.manager);
  // The lists never change: nobody needs to wait for news of them.
  server.server.registerCapabilities({ tools: { listChanged: false }, prompts: { listChanged: false } });
  const stopListening = registerSessionResource(server, context.manager, era);
  server.server.onclose = stopListening;
  return server;
}
