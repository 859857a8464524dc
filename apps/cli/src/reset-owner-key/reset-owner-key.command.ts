import type { Register } from '../commands.js';
import { examples } from '../help-examples.js';

export const registerOwnerKey: Register = (program, commands) => {
  const ownerKey = program.command('owner-key').description('the owner’s credential');

  ownerKey
    .command('reset')
    .description('make a new one, on the server’s machine; the old one is refused within a second')
    .option('--yes', 'do it; without it, only say what would be done')
    .addHelpText('after', examples('sledger owner-key reset', 'sledger owner-key reset --yes'))
    .action(
      commands.action<{ yes?: boolean }>(async (cli, options) =>
        (await import('./reset-owner-key.js')).resetOwnerKey(cli, options),
      ),
    );
};
