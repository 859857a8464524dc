import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/sdk/types.js';
import type { McpHost } from '../mcp-host.js';
import type { Rpc } from '../purity.js';

/** The 2025 era over HTTP: one session of the official transport for each MCP process, messages passed on unread. */
export class LegacyDoor {
  private readonly sessions = new Map<string, StreamableHTTPServerTransport>();

  constructor(private readonly startProcess: () => Promise<McpHost>) {}

  async handle(request: IncomingMessage, response: ServerResponse, body: unknown): Promise<void> {
    const id = request.headers['mcp-session-id'];
    const known = typeof id === 'string' ? this.sessions.get(id) : undefined;
    if (id !== undefined && known === undefined) return void response.writeHead(404).end();
    const transport = known ?? (await this.open());
    await transport.handleRequest(request, response, body);
  }

  private async open(): Promise<StreamableHTTPServerTransport> {
    const host = await this.startProcess();
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void this.sessions.set(id, transport),
      onsessionclosed: (id) => void this.sessions.delete(id),
    });
    /** Which request a progress token belongs to: its notifications go onto the stream of that request. */
    const asked = new Map<unknown, RequestId>();
    transport.onmessage = (message) => {
      if ('method' in message && 'id' in message)
        asked.set(message.params?._meta?.progressToken ?? message.id, message.id);
      host.write(JSON.stringify(message));
    };
    host.onMessage = (message: Rpc) => {
      const related = message.method === undefined ? undefined : asked.get(message.params?.['progressToken']);
      void transport.send(message as JSONRPCMessage, related === undefined ? {} : { relatedRequestId: related });
    };
    await transport.start();
    return transport;
  }
}
