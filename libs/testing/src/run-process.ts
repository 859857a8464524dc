import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { asksForSecret, type OnPurpose } from './canary/on-purpose.js';
import { runEnvironment } from './environment.js';
import { addToRecord, holdsSecrets, newRecord } from './run-record/run-record.js';
import { until } from './until.js';

export interface ProcessOptions {
  args?: string[];
  cwd?: string;
  /** The whole environment besides PATH, HOME and what records the run: nothing of the test's own leaks in. */
  env?: Record<string, string>;
  /** Why secrets stand in what it prints. */
  showsSecrets?: OnPurpose;
}

export interface ProcessExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** Longer than any of ours takes to stop on a machine with ten times its work: what is killed leaves its own children behind. */
const DISPOSE_DEADLINE_MS = 60_000;

/** A real process of a test, with all that it printed. Ended at dispose. */
export class RunningProcess implements AsyncDisposable {
  stdout = '';
  stderr = '';
  exit: ProcessExit | undefined;
  readonly exited: Promise<ProcessExit>;

  constructor(
    readonly child: ChildProcessWithoutNullStreams,
    private readonly name: string,
    private readonly record?: string,
  ) {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      addToRecord(this.record, text);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      addToRecord(this.record, text);
    });
    this.exited = new Promise((resolve) => {
      child.once('close', (code, signal) => resolve((this.exit = { code, signal })));
    });
    // Writing to a process that has gone is the test's business only where it looks at the exit.
    child.stdin.on('error', () => undefined);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get output(): string {
    return this.stdout + this.stderr;
  }

  /** The first match in what it has printed so far or will print; fails early when the process ends without it. */
  async waitFor(pattern: RegExp, timeoutMs = 150_000): Promise<RegExpExecArray> {
    const found = await until(() => pattern.exec(this.output) ?? this.exit, {
      timeoutMs,
      describe: `${this.name} to print ${pattern}; it printed:\n${this.output}\n`,
    });
    const match = pattern.exec(this.output);
    if (match === null)
      throw new Error(`${this.name} ended (${JSON.stringify(found)}) without printing ${pattern}:\n${this.output}`);
    return match;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.exit === undefined) this.child.kill(signal);
  }

  /** kill -9, and wait until it is gone. */
  async kill(): Promise<ProcessExit> {
    this.signal('SIGKILL');
    return this.exited;
  }

  /** SIGTERM, and wait until it is gone. */
  async stop(): Promise<ProcessExit> {
    this.signal('SIGTERM');
    return this.exited;
  }

  /** Ends it as its user would, so that it takes its own children along; kills it when it does not end. */
  async [Symbol.asyncDispose](): Promise<void> {
    const deadline = setTimeout(() => this.signal('SIGKILL'), DISPOSE_DEADLINE_MS);
    await this.stop();
    clearTimeout(deadline);
  }
}

/** Starts a program without a shell and resolves once it runs. */
export async function startProcess(command: string, options: ProcessOptions = {}): Promise<RunningProcess> {
  const { args = [], cwd, env = {}, showsSecrets = asksForSecret(args) ? 'shown once' : undefined } = options;
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(command, args, { cwd, env: { PATH, HOME, ...runEnvironment(), ...env }, stdio: 'pipe' });
  const record = newRecord('output', String(child.pid));
  // Whoever looks may come too late for a short life.
  addToRecord(record, `${[command, ...args].join(' ')}\n`);
  if (record !== undefined && showsSecrets !== undefined) holdsSecrets(record, showsSecrets);
  const running = new RunningProcess(child, [command, ...args].join(' '), record);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  return running;
}
