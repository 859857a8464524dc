import { join } from 'node:path';
import { type RunningProcess, startProcess } from '#libs/testing';
import type { CliHome, CliRun } from './cli-fixture.js';

/** From the sources and from dist alike. */
const BIN = join(process.cwd(), 'apps', 'cli', 'bin', 'sledger.mjs');

export interface BinaryOptions {
  stdin?: string;
  env?: Record<string, string>;
}

/** The installed command itself, each run in a process of its own, on the data directory of a home. */
export class Binary {
  constructor(private readonly home: CliHome) {}

  async run(...args: string[]): Promise<CliRun> {
    return this.runWith({}, ...args);
  }

  async runWith({ stdin = '', env = {} }: BinaryOptions, ...args: string[]): Promise<CliRun> {
    await using command = await this.start(env, ...args);
    command.child.stdin.end(stdin);
    const { code } = await command.exited;
    const { stdout, stderr } = command;
    return {
      exit: code ?? -1,
      stdout,
      stderr,
      json: args.includes('json') ? (JSON.parse(stdout || 'null') as unknown) : undefined,
    };
  }

  /** Runs with `--output json` and gives what it printed; fails when the command failed. */
  async json<T>(...args: string[]): Promise<T> {
    const run = await this.run(...args, '--output', 'json');
    if (run.exit !== 0) throw new Error(`sledger ${args.join(' ')}: exit ${run.exit}, ${run.stderr}`);
    return run.json as T;
  }

  start(env: Record<string, string>, ...args: string[]): Promise<RunningProcess> {
    return startProcess(process.execPath, { args: [BIN, ...args], env: this.environment(env) });
  }

  /** The same on a terminal of its own (util-linux `script`); stdout and stderr come together, as on a screen. */
  async onTerminal(env: Record<string, string>, ...args: string[]): Promise<{ exit: number; screen: string }> {
    await using command = await this.startOnTerminal(env, ...args);
    const { code } = await command.exited;
    return { exit: code ?? -1, screen: command.stdout };
  }

  startOnTerminal(env: Record<string, string>, ...args: string[]): Promise<RunningProcess> {
    const words = [process.execPath, BIN, ...args].map((word) => `'${word}'`).join(' ');
    return startProcess('script', {
      args: ['--quiet', '--return', '--command', words, '/dev/null'],
      env: this.environment({ TERM: 'xterm', ...env }),
    });
  }

  private environment(env: Record<string, string>): Record<string, string> {
    return { HOME: this.home.home, LEDGER_DATA_DIR: this.home.dataDir, ...env };
  }
}
