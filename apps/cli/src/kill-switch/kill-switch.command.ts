import type { Register } from '../commands.js';
import { examples } from '../help-examples.js';

export const registerKillSwitch: Register = (program, commands) => {
  const killSwitch = program.command('kill-switch').description('refuse every session token at once');

  killSwitch
    .command('on')
    .description('from now on no session token is accepted, renewed or handed over')
    .option('--reason <text>', 'why; kept in the ledger')
    .option('--revoke-sessions', 'also end every session for good')
    .addHelpText('after', examples('sledger kill-switch on --reason "a token was published"'))
    .action(
      commands.action<{ reason?: string; revokeSessions?: boolean }>(async (cli, options) =>
        (await import('./set-kill-switch.js')).activate(cli, options),
      ),
    );

  killSwitch
    .command('off')
    .description('accept session tokens again')
    .addHelpText('after', examples('sledger kill-switch off'))
    .action(commands.action(async (cli) => (await import('./set-kill-switch.js')).release(cli)));

  killSwitch
    .command('show')
    .description('whether it is on, and why')
    .addHelpText('after', examples('sledger kill-switch show'))
    .action(commands.action(async (cli) => (await import('./set-kill-switch.js')).show(cli)));
};
