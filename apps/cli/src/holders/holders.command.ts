import type { Register } from '../commands.js';
import { examples } from '../help-examples.js';

export const registerHolders: Register = (program, commands) => {
  const holder = program.command('holder').description('installations that use a session’s token');

  holder
    .command('list')
    .description('holders, the generation each one runs, and who has not caught up')
    .option('--agent <agent>', 'only of this agent')
    .option('--session <session>', 'only of this session')
    .addHelpText('after', examples('sledger holder list', 'sledger holder list --agent trader'))
    .action(
      commands.action<{ agent?: string; session?: string }>(async (cli, options) =>
        (await import('./list-holders.js')).listHolders(cli, options),
      ),
    );

  holder
    .command('remove <holder>')
    .description('forget an installation; its session’s token is replaced at once')
    .addHelpText('after', examples('sledger holder remove old-laptop'))
    .action(
      commands.action<object, [string]>(async (cli, _options, id) =>
        (await import('./remove-holder.js')).removeHolder(cli, id),
      ),
    );
};
