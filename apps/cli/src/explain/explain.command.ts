import type { Register } from '../commands.js';
import type { ExplainOptions } from './explain.js';
import { examples } from '../help-examples.js';

export const registerExplain: Register = (program, commands) => {
  program
    .command('explain [session]')
    .description('why a call with a session’s token was refused (default: the session of this machine’s token file)')
    .option('--at <time>', 'when the call was made: RFC 3339, or how long ago (10m); default: now')
    .option('--generation <number>', 'of the token that it carried (default: the token file’s, else the current one)')
    .option('--grace <span>', 'the server’s LEDGER_PREVIOUS_TOKEN_GRACE', '30s')
    .option('--name <name>', 'the holder whose token file is meant (default: default)')
    .addHelpText(
      'after',
      examples(
        'sledger explain',
        'sledger explain 0197c2aa --at 10m',
        'sledger explain 0197c2aa --at 2026-11-20T23:10:00Z --generation 3',
      ),
    )
    .action(
      commands.action<ExplainOptions, [string | undefined]>(async (cli, options, session) =>
        (await import('./explain.js')).explain(cli, options, session),
      ),
    );
};
