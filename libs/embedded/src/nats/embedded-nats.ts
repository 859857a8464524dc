import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from '../child.js';
import { stopLeftover } from '../leftover.js';
import { secretFile } from '../secret-file.js';
import { findNatsServer } from './nats-binary.js';
import { type NatsUser, writeServerConfig } from './server-config.js';

export { type NatsUser } from './server-config.js';

const SERVICE_USER = 'service';
const ANY_PORT = -1;
const READY_TIMEOUT_MS = 30_000;
const READY_POLL_MS = 5;
const STOP_STEPS: { signal: NodeJS.Signals; waitMs: number }[] = [
  { signal: 'SIGTERM', waitMs: 10_000 },
  { signal: 'SIGKILL', waitMs: 5_000 },
];

export interface EmbeddedNatsOptions {
  /** Made (0700) when it is missing. Holds configuration, password, log and the JetStream files. */
  dataDir: string;
  /** Where a downloaded nats-server is kept. */
  cacheDir: string;
  /** A fixed loopback port; left out: any free one. */
  port?: number;
  /** Users besides the services' own, e.g. desktops that may only listen. */
  users?: NatsUser[];
  onMessage?: (message: string) => void;
}

/** nats-server with JetStream as a child process, on a loopback port with generated credentials. */
export class EmbeddedNats implements AsyncDisposable {
  private constructor(
    private readonly child: Child,
    private readonly folder: string,
    private readonly service: NatsUser,
    readonly port: number,
  ) {}

  /** Starts it, after stopping what a killed start left behind. Throws with the way out when there is no nats-server. */
  static async start(options: EmbeddedNatsOptions): Promise<EmbeddedNats> {
    const folder = resolve(options.dataDir);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (await clearNatsLeftover(folder)) options.onMessage?.('Stopped the nats-server of an earlier start');
    const command = await findNatsServer(options);
    const service = { user: SERVICE_USER, password: secretFile(join(folder, 'password')) };
    const config = writeServerConfig({
      folder,
      port: options.port ?? ANY_PORT,
      users: [service, ...(options.users ?? [])],
    });
    const child = await Child.spawn({ command, args: ['-c', config], logFile: join(folder, 'nats-server.log') });
    return new EmbeddedNats(child, folder, service, await portOnceReady(child, folder));
  }

  /** Without credentials: may be shown and written to files. */
  get address(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** With the services' credentials: for connecting, never for printing. */
  get url(): string {
    return `nats://${this.service.user}:${this.service.password}@127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.child.pid;
  }

  /** Resolves with the reason when the server ends, asked or not. */
  get exited(): Promise<string> {
    return this.child.exited;
  }

  /** Replaces the users besides the services' own; connections of removed ones are closed by the server. */
  setUsers(users: NatsUser[]): void {
    writeServerConfig({ folder: this.folder, port: this.port, users: [this.service, ...users] });
    this.child.signal('SIGHUP');
  }

  async stop(): Promise<void> {
    await this.child.stop(STOP_STEPS);
  }

  /** As a crash would. */
  async kill(): Promise<void> {
    await this.child.stop([{ signal: 'SIGKILL', waitMs: 5_000 }]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Stops the nats-server that a killed start left on this folder. */
export async function clearNatsLeftover(folder: string): Promise<boolean> {
  const run = join(folder, 'run');
  const pid = Number(readOptional(join(run, 'nats-server.pid')));
  const stopped = await stopLeftover(pid, { marker: `-c ${join(folder, 'server.conf')}`, steps: STOP_STEPS });
  rmSync(run, { recursive: true, force: true });
  mkdirSync(run, { mode: 0o700 });
  return stopped;
}

async function portOnceReady(child: Child, folder: string): Promise<number> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (!child.hasExited && Date.now() < deadline) {
    const port = portOf(join(folder, 'run'));
    if (port !== undefined) return port;
    await sleep(READY_POLL_MS);
  }
  if (!child.hasExited) await child.stop(STOP_STEPS);
  throw new Error(`nats-server did not start:\n${child.logTail()}`);
}

function portOf(run: string): number | undefined {
  const file = readdirSync(run).find((name) => name.endsWith('.ports'));
  if (file === undefined) return undefined;
  try {
    const { nats } = JSON.parse(readFileSync(join(run, file), 'utf8')) as { nats: string[] };
    return Number(new URL(nats[0] ?? '').port);
  } catch {
    // Half written.
    return undefined;
  }
}

function readOptional(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
