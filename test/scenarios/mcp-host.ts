import { join } from 'node:path';
import { startProcess, until, type RunningProcess } from '#libs/testing';
import { breachesIn, messageOf, type Rpc } from './purity.js';

/** From the sources and from dist alike. */
const MAIN = join(process.cwd(), 'dist', 'apps', 'mcp', 'src', 'main.js');

export interface McpHostOptions {
  dataDir: string;
  baseUrl?: string;
  holder?: string;
  env?: Record<string, string>;
  /** Flags of the Node process, e.g. `--import`. */
  nodeArgs?: string[];
}

/** For what comes in the life of a token: it may be a long one. */
const SELF_DEADLINE_MS = 300_000;

/** What a tool answered: its structured content, and whether it was flagged as an error. */
export interface ToolAnswer {
  isError: boolean;
  content: Record<string, unknown>;
  text: string;
}

/**
 * A desktop host with our MCP process as its child, speaking the 2025 era in plain JSON lines. Every MCP process of a test is started
 * by one: it reads every byte that the process prints, and its dispose fails where one of them should not be there.
 */
export class McpHost implements AsyncDisposable {
  private nextId = 1;
  private read = 0;
  private readonly answers = new Map<string | number, Rpc>();
  readonly notifications: Rpc[] = [];
  /** Answers without an id: to lines that were no message. */
  readonly strays: Rpc[] = [];
  /** Told of every message as it comes, for tests that pass messages on. */
  onMessage: (message: Rpc) => void = () => undefined;

  private constructor(readonly process: RunningProcess) {}

  static async start(options: McpHostOptions): Promise<McpHost> {
    const { dataDir, baseUrl, holder, env = {}, nodeArgs = [] } = options;
    return await McpHost.launch(process.execPath, [...nodeArgs, MAIN], {
      LEDGER_DATA_DIR: dataDir,
      ...(baseUrl !== undefined && { LEDGER_BASE_URL: baseUrl }),
      ...(holder !== undefined && { LEDGER_HOLDER: holder }),
      ...env,
    });
  }

  /** Starts it as a host's configuration says. */
  static async launch(command: string, args: string[], env: Record<string, string>): Promise<McpHost> {
    const running = await startProcess(command, { args, env });
    const host = new McpHost(running);
    running.child.stdout.on('data', () => host.drain());
    return host;
  }

  /** Starts a process and does the handshake. */
  static async connect(options: McpHostOptions): Promise<McpHost> {
    const host = await McpHost.start(options);
    await host.initialize();
    return host;
  }

  async initialize(): Promise<Rpc> {
    const answer = await this.request('initialize', {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'test host', version: '1' },
    });
    this.write(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }));
    return answer;
  }

  async request(method: string, params: Record<string, unknown> = {}, timeoutMs?: number): Promise<Rpc> {
    const id = this.nextId++;
    this.write(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return await until(() => this.answers.get(id), {
      ...(timeoutMs !== undefined && { timeoutMs }),
      describe: `the answer to ${method}; stderr:\n${this.process.stderr.slice(-4000)}\n`,
    });
  }

  async call(tool: string, args: Record<string, unknown> = {}, timeoutMs?: number): Promise<ToolAnswer> {
    const { result, error } = await this.request('tools/call', { name: tool, arguments: args }, timeoutMs);
    if (error !== undefined) throw new Error(`${tool}: ${error.code} ${error.message}`);
    const texts = (result?.['content'] ?? []) as { text?: string }[];
    return {
      isError: result?.['isError'] === true,
      content: (result?.['structuredContent'] ?? {}) as Record<string, unknown>,
      text: texts.map(({ text }) => text ?? '').join('\n'),
    };
  }

  /** `session://self`, without a request to the ledger. */
  async self(): Promise<Record<string, unknown>> {
    const { result } = await this.request('resources/read', { uri: 'session://self' });
    const [contents] = (result?.['contents'] ?? []) as { text: string }[];
    return JSON.parse(contents?.text ?? '{}') as Record<string, unknown>;
  }

  /** Waits until `session://self` shows these members. */
  async untilSelf(expected: Record<string, unknown>, timeoutMs = SELF_DEADLINE_MS): Promise<Record<string, unknown>> {
    const wanted = Object.entries(expected);
    return await until(
      async () => {
        const self = await this.self();
        if (wanted.every(([name, value]) => self[name] === value)) return self;
        throw new Error(JSON.stringify(self));
      },
      { timeoutMs, describe: `session://self to show ${JSON.stringify(expected)}` },
    );
  }

  write(line: string): void {
    this.process.child.stdin.write(`${line}\n`);
  }

  writeRaw(bytes: string | Buffer): void {
    this.process.child.stdin.write(bytes);
  }

  /** What the process has printed up to now that it should not have. Must stay empty, whatever happens. */
  impurities(): string[] {
    const { stdout, stderr, exit } = this.process;
    return breachesIn(stdout, stderr, exit === undefined || exit.signal !== null);
  }

  /** Closes stdin, as a host does that ends, and waits for the process to go. */
  async close(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    this.process.child.stdin.end();
    return await this.process.exited;
  }

  /** Kills the process if it still runs, and judges all that it has printed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.kill();
    const impurities = this.impurities();
    if (impurities.length > 0) throw new Error(`The MCP process printed what it must not:\n${impurities.join('\n')}`);
  }

  private drain(): void {
    const { stdout } = this.process;
    for (let end = stdout.indexOf('\n', this.read); end >= 0; end = stdout.indexOf('\n', this.read)) {
      const message = messageOf(stdout.slice(this.read, end));
      this.read = end + 1;
      if (message === null) continue;
      this.onMessage(message);
      if (message.method !== undefined) this.notifications.push(message);
      else if (message.id === undefined || message.id === null) this.strays.push(message);
      else this.answers.set(message.id, message);
    }
  }
}

/** Disposes of several hosts together; use with `await using`. */
export function allOf(hosts: readonly McpHost[]): AsyncDisposable {
  return {
    [Symbol.asyncDispose]: async () => void (await Promise.all(hosts.map((host) => host[Symbol.asyncDispose]()))),
  };
}
