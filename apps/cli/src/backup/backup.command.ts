import type { Register } from '../commands.js';
import { examples } from '../help-examples.js';

export const registerBackup: Register = (program, commands) => {
  for (const [action, description] of [
    ['backup', 'copy a stopped embedded ledger, with its keys, into a new folder'],
    ['restore', 'put such a copy into a data directory that has no ledger yet'],
  ] as const) {
    program
      .command(`${action} <folder>`)
      .description(description)
      .addHelpText('after', examples(`sledger ${action} ./backup-2026-11-21`))
      .action(
        commands.action<object, [string]>(async (cli, _options, folder) =>
          (await import('./backup.js')).runBackup(cli, action, folder),
        ),
      );
  }
};
