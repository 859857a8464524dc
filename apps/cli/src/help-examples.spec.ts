import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { Commands } from './commands.js';
import { readEnvironment } from './environment.js';
import { buildProgram } from './program.js';

/** The program with handlers that only tell which command was meant. */
class Parsed extends Commands {
  meant: string[] = [];

  constructor() {
    const [stdout, stderr, stdin] = [new PassThrough(), new PassThrough(), new PassThrough()];
    super({
      environment: readEnvironment({ HOME: '/home/x' }),
      stdout,
      stderr,
      stdin,
      interrupted: new AbortController().signal,
    });
  }

  override action(): (...args: unknown[]) => Promise<void> {
    return (...args) => {
      this.meant.push(pathOf(args.at(-1) as Command));
      return Promise.resolve();
    };
  }
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

function leaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

function helpOf(command: Command): string {
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  return help;
}

const ALL = leaves(buildProgram(new Parsed(), { json: false }));

describe('help', () => {
  it.each(ALL.map((command) => [pathOf(command), command] as const))(
    'of %s has examples that it takes itself',
    async (path, command) => {
      const lines = [...helpOf(command).matchAll(/^ {2}\$ (?:source <\()?(sledger [^)>\n]*)/gm)].map(([, line = '']) =>
        line.trim(),
      );
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) {
        const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
        const parsed = new Parsed();
        await buildProgram(parsed, { json: true }).parseAsync(words.slice(1), { from: 'user' });
        expect(parsed.meant).toEqual([path]);
      }
    },
  );
});
