import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { McpHost, type McpHostOptions } from '../mcp-host.js';
import { LegacyDoor } from './legacy-door.js';
import { ModernDoor } from './modern-door.js';

/**
 * Streamable HTTP in front of the stdio process, for a runner that speaks nothing else. Messages pass as they are, both ways; the
 * bridge adds what belongs to HTTP: sessions, streams, status codes, headers.
 */
export class HttpBridge implements AsyncDisposable {
  private readonly hosts: McpHost[] = [];

  private constructor(private readonly server: Server) {}

  static async start(options: McpHostOptions): Promise<HttpBridge> {
    const server = createServer();
    const bridge = new HttpBridge(server);
    const startProcess = async (): Promise<McpHost> => {
      const host = await McpHost.start(options);
      bridge.hosts.push(host);
      return host;
    };
    const doors = { legacy: new LegacyDoor(startProcess), modern: new ModernDoor(startProcess) };
    server.on('request', (request, response) => {
      void (async () => {
        const body = await bodyOf(request);
        const era = isModern(request) ? 'modern' : 'legacy';
        await doors[era].handle(request, response, body);
      })().catch((error: unknown) => response.destroy(error as Error));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return bridge;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/mcp`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    for (const host of this.hosts) await host[Symbol.asyncDispose]();
  }
}

/** The 2025 era never sends these versions in its header. */
function isModern({ headers }: IncomingMessage): boolean {
  const version = headers['mcp-protocol-version']?.toString() ?? '';
  return version >= '2026' || version.startsWith('v');
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? undefined : (JSON.parse(text) as unknown);
}
