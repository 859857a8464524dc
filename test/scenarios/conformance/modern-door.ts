import type { IncomingMessage, ServerResponse } from 'node:http';
import { classifyInboundRequest } from '@modelcontextprotocol/server';
import type { McpHost } from '../mcp-host.js';
import type { Rpc } from '../purity.js';

const ERA = '2026-07-28';
const HEADER_MISMATCH = -32020;
/** What the HTTP binding says of errors; on stdio they have no status. */
const STATUS: Readonly<Record<number, number>> = {
  [-32600]: 400,
  [-32601]: 404,
  [-32602]: 400,
  [-32021]: 400,
  [-32022]: 400,
};

interface Exchange {
  response: ServerResponse;
  progressToken: unknown;
}

/** The 2026 era over HTTP: each POST is a request of its own, all of them on one stdio connection of that era. */
export class ModernDoor {
  private readonly open = new Map<unknown, Exchange>();
  private host: Promise<McpHost> | null = null;

  constructor(private readonly startProcess: () => Promise<McpHost>) {}

  async handle(request: IncomingMessage, response: ServerResponse, body: unknown): Promise<void> {
    const mismatch = headerMismatch(request, body);
    const message = body as Rpc;
    if (mismatch !== null) return answer(response, { jsonrpc: '2.0', id: message.id ?? null, error: mismatch });
    const host = await (this.host ??= this.connect());
    if (message.id === undefined) {
      response.writeHead(202).end();
    } else {
      const progressToken = (message.params?.['_meta'] as { progressToken?: unknown } | undefined)?.progressToken;
      this.open.set(message.id, { response, progressToken });
      response.on('close', () => this.left(host, message.id));
    }
    host.write(JSON.stringify(message));
  }

  /** A connection becomes one of the 2026 era by its first request of that era. */
  private async connect(): Promise<McpHost> {
    const host = await this.startProcess();
    const prefix = 'io.modelcontextprotocol/';
    const _meta = { [`${prefix}protocolVersion`]: ERA, [`${prefix}clientCapabilities`]: {} };
    await host.request('tools/list', { _meta });
    host.onMessage = (message) => this.pass(message);
    return host;
  }

  private pass(message: Rpc): void {
    const exchange = message.method === undefined ? this.open.get(message.id) : this.streamOf(message);
    if (exchange === undefined) return;
    const { response } = exchange;
    if (message.method === undefined) this.open.delete(message.id);
    if (message.method === undefined && !response.headersSent) return answer(response, message);
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
    if (message.method === undefined) response.end();
  }

  private streamOf({ params = {} }: Rpc): Exchange | undefined {
    const meta = params['_meta'] as Record<string, unknown> | undefined;
    const subscription = meta?.['io.modelcontextprotocol/subscriptionId'];
    if (subscription !== undefined) return this.open.get(subscription);
    return [...this.open.values()].find(({ progressToken }) => progressToken === params['progressToken']);
  }

  /** The client closed the stream: over HTTP that is how a listen ends. */
  private left(host: McpHost, requestId: unknown): void {
    if (!this.open.delete(requestId)) return;
    host.write(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } }));
  }
}

/** Headers exist on HTTP alone, so the door judges them, with the official rules; all else the process has to judge. */
function headerMismatch({ method = '', headers }: IncomingMessage, body: unknown): Rpc['error'] | null {
  const text = (name: string): string | undefined => headers[name]?.toString();
  const [protocolVersionHeader, mcpMethodHeader, mcpNameHeader] = [
    'mcp-protocol-version',
    'mcp-method',
    'mcp-name',
  ].map(text);
  const verdict = classifyInboundRequest({
    httpMethod: method,
    body,
    ...(protocolVersionHeader !== undefined && { protocolVersionHeader }),
    ...(mcpMethodHeader !== undefined && { mcpMethodHeader }),
    ...(mcpNameHeader !== undefined && { mcpNameHeader }),
  });
  if (verdict.kind !== 'reject' || verdict.code !== HEADER_MISMATCH) return null;
  return { code: verdict.code, message: verdict.message, data: verdict.data };
}

function answer(response: ServerResponse, message: Rpc): void {
  const status =
    message.error === undefined
      ? 200
      : (STATUS[message.error.code] ?? (message.error.code === HEADER_MISMATCH ? 400 : 200));
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(message));
}
