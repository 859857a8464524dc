import { CommanderError } from 'commander';
import { Commands } from './commands.js';
import { asFailure } from './explain-failure.js';
import { EXIT, Failure } from './failure.js';
import { buildProgram } from './program.js';
import { Style } from './terminal/style.js';
import type { Terminal } from './terminal/terminal.js';

/** Runs `sledger <args>` and gives its exit code. Never throws. */
export async function runCli(args: readonly string[], terminal: Terminal): Promise<number> {
  const commands = new Commands(terminal);
  const json = wantsJson(args);
  try {
    await buildProgram(commands, { json }).parseAsync(args, { from: 'user' });
    return commands.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has printed its message (or the help that was asked for) already, but never as JSON.
      if (error.exitCode === 0) return EXIT.done;
      if (json) report(misused(error), terminal, json);
      return EXIT.failed;
    }
    const failure = asFailure(error, commands.settings);
    if (failure.code === 'interrupted') return EXIT.interrupted;
    report(failure, terminal, json);
    return EXIT.failed;
  }
}

function misused({ message }: CommanderError): Failure {
  return new Failure(message.replace(/^error: /, ''), 'See `sledger --help`.', 'bad_usage');
}

function wantsJson(args: readonly string[]): boolean {
  const at = args.indexOf('--output');
  return args.includes('--output=json') || (at !== -1 && args[at + 1] === 'json');
}

function report(failure: Failure, terminal: Terminal, json: boolean): void {
  const { message, remedy, code } = failure;
  if (json) {
    terminal.stderr.write(`${JSON.stringify({ error: { code, message, ...(remedy && { remedy }) } })}\n`);
    return;
  }
  const style = new Style(terminal.stderr.isTTY === true && !terminal.environment.noColor);
  const separator = /[.!?]$/.test(message) ? ' ' : '. ';
  terminal.stderr.write(`${style.paint('sledger:', 'red')} ${message}${remedy ? separator + remedy : ''}\n`);
}
