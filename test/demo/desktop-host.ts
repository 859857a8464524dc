import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { recordOutput, until } from '#libs/testing';

const SESSION = 'session://self';

export interface HostEntry {
  command: string;
  args: string[];
  env: Record<string, string>;
}

export interface HeldSession {
  state: string;
  generation: number | null;
  remainingRenewals: number | null;
  secondsLeft: number | null;
}

/** Starts an MCP server from its configuration entry as a desktop program does, and hears of its session's changes. */
export class DesktopHost implements AsyncDisposable {
  stderr = '';
  /** How often the session was said to have changed. */
  private changes = 0;

  private constructor(
    private readonly client: Client,
    private readonly transport: StdioClientTransport,
  ) {}

  static async start({ command, args, env }: HostEntry): Promise<DesktopHost> {
    const client = new Client({ name: 'demo-desktop', version: '1.0.0' });
    const transport = new StdioClientTransport({ command, args, env, stderr: 'pipe' });
    const host = new DesktopHost(client, transport);
    await client.connect(transport);
    transport.stderr?.on('data', (text: Buffer) => {
      host.stderr += text.toString();
      recordOutput('desktop', text);
    });
    client.setNotificationHandler('notifications/resources/updated', () => void host.changes++);
    await client.subscribeResource({ uri: SESSION });
    return host;
  }

  get pid(): number {
    return this.transport.pid ?? 0;
  }

  async tools(): Promise<string[]> {
    return (await this.client.listTools()).tools.map(({ name }) => name);
  }

  /** What the process says of its session, without a call to the server. */
  async session(): Promise<HeldSession> {
    const { contents } = await this.client.readResource({ uri: SESSION });
    const [first] = contents;
    return JSON.parse(first && 'text' in first ? first.text : '{}') as HeldSession;
  }

  /** Calls a tool and answers its structured result; a tool error throws. */
  async call(name: string, args: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const result = await this.client.callTool({ name, arguments: args });
    if (result.isError) throw new Error(`${name}: ${JSON.stringify(result.content)}`);
    return (result.structuredContent ?? {}) as Record<string, unknown>;
  }

  /** Resolves when the process runs this generation or a later one; looks when it is notified, so the moment is exact to a few milliseconds. */
  async reaches(generation: number, timeoutMs?: number): Promise<void> {
    let seen = -1;
    await until(
      async () => {
        if (seen === this.changes) return false;
        seen = this.changes;
        return ((await this.session()).generation ?? -1) >= generation;
      },
      {
        ...(timeoutMs !== undefined && { timeoutMs }),
        pollMs: 1,
        describe: `the MCP process to run generation ${generation}`,
      },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
  }
}
