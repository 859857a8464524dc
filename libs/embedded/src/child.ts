import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync, truncateSync } from 'node:fs';

const LOG_LIMIT_BYTES = 10 * 1024 * 1024;
const LOG_TAIL_LINES = 6;

export interface ChildOptions {
  command: string;
  args: string[];
  /** Its output is appended here; emptied at a start once it is larger than 10 MB. */
  logFile: string;
  user?: { uid: number; gid: number };
  env?: Record<string, string>;
}

/** A server that runs as our child in a session of its own, so that Ctrl-C in the terminal reaches only us. */
export class Child {
  readonly exited: Promise<string>;
  private ended = false;

  private constructor(
    private readonly process: ChildProcess,
    private readonly options: ChildOptions,
  ) {
    this.exited = new Promise((resolve) => {
      process.once('exit', (code, signal) => {
        this.ended = true;
        resolve(signal ?? `exit code ${code}`);
      });
    });
  }

  /** Resolves once the program runs; rejects when it cannot be executed. */
  static async spawn(options: ChildOptions): Promise<Child> {
    shorten(options.logFile);
    const log = openSync(options.logFile, 'a', 0o600);
    try {
      const child = spawn(options.command, options.args, spawnOptions(options, log));
      const wrapped = new Child(child, options);
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve);
        child.once('error', reject);
      });
      child.unref();
      return wrapped;
    } finally {
      closeSync(log);
    }
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  get hasExited(): boolean {
    return this.ended;
  }

  /** The end of what it printed, to say why it failed. */
  logTail(): string {
    return readFileSync(this.options.logFile, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.ended) this.process.kill(signal);
  }

  /** Sends each signal in turn until the process has gone. */
  async stop(steps: { signal: NodeJS.Signals; waitMs: number }[]): Promise<void> {
    this.process.ref();
    for (const { signal, waitMs } of steps) {
      if (this.ended) return;
      this.process.kill(signal);
      await Promise.race([this.exited, after(waitMs)]);
    }
    await this.exited;
  }
}

function spawnOptions({ user, env }: ChildOptions, log: number): SpawnOptions {
  return {
    ...user,
    detached: true,
    cwd: '/',
    // Nothing of our environment is the server's business, and it may hold secrets.
    env: { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC', ...env },
    stdio: ['ignore', log, log],
  };
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

function shorten(logFile: string): void {
  try {
    if (statSync(logFile).size > LOG_LIMIT_BYTES) truncateSync(logFile);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
