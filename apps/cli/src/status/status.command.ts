import type { Register } from '../commands.js';
import { examples } from '../help-examples.js';

export const registerStatus: Register = (program, commands) => {
  program
    .command('status')
    .description('the server, its sessions and what needs attention')
    .option('--watch', 'a live view, until Ctrl-C')
    .addHelpText('after', examples('sledger status', 'sledger status --output json'))
    .action(
      commands.action<{ watch?: boolean }>(async (cli, options) =>
        options.watch
          ? (await import('../watch/watch.js')).watch(cli, undefined)
          : (await import('./show-status.js')).showStatus(cli),
      ),
    );
};
