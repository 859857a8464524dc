import type { Register } from '../commands.js';
import { examples } from '../help-examples.js';

export const registerLog: Register = (program, commands) => {
  const log = program.command('log').description('the log between database and bus');

  log
    .command('adopt')
    .description('after LOG_FORKED: take the database’s history as the right one and rebuild the stream from it')
    .option('--yes', 'do it; without it, only say what would be done')
    .addHelpText('after', examples('sledger log adopt', 'sledger log adopt --yes'))
    .action(
      commands.action<{ yes?: boolean }>(async (cli, options) =>
        (await import('./adopt-log.js')).adoptLog(cli, options),
      ),
    );
};
