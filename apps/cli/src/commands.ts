import type { Command } from 'commander';
import type { Cli } from './cli.js';
import { giveEnvironment } from './environment.js';
import { EXIT } from './failure.js';
import { type GlobalOptions, readSettings, type Settings } from './settings.js';
import type { Terminal } from './terminal/terminal.js';

/** What a command does; returns its exit code, or nothing for success. */
export type Handler<O, A extends unknown[]> = (cli: Cli, options: O, ...args: A) => Promise<number | void>;

/** Joins commander's commands to handlers. One per run; keeps what the run came to. */
export class Commands {
  exitCode: number = EXIT.done;
  settings: Settings | null = null;

  constructor(readonly terminal: Terminal) {}

  /** A commander action that calls `handler` with options and arguments. Handlers import their work lazily. */
  action<O, A extends unknown[] = []>(handler: Handler<O, A>): (...args: unknown[]) => Promise<void> {
    return async (...args) => {
      const command = args.at(-1) as Command;
      const options = command.optsWithGlobals<O & GlobalOptions>();
      this.settings = readSettings(options, this.terminal.environment);
      // --data-dir wins over the variable for everything in this process.
      giveEnvironment({ LEDGER_DATA_DIR: this.settings.dataDir });
      const positional = args.slice(0, -2) as A;
      const { Cli } = await import('./cli.js');
      const cli = new Cli(this.terminal, this.settings);
      const code = await cli.screen.during('waiting for the server', () => handler(cli, options, ...positional));
      this.exitCode = code ?? EXIT.done;
    };
  }
}

/** Adds the part of one feature to the program. */
export type Register = (program: Command, commands: Commands) => void;
