import type { Register } from '../commands.js';
import { examples } from '../help-examples.js';

export const registerStart: Register = (program, commands) => {
  program
    .command('start')
    .description('start the whole ledger here: database, bus and all services; Ctrl-C stops it')
    .option('--port <port>', 'where the API listens (default: 3100; 0 = any free one)')
    .addHelpText('after', examples('sledger start', 'sledger start --port 3200 --data-dir ./data'))
    .addHelpText('after', '\nDATABASE_URL and NATS_URL use servers of your own instead of the embedded ones.\n')
    .action(
      commands.action<{ port?: string }>(async (cli, options) =>
        (await import('./start-standalone.js')).startStandalone(cli, options),
      ),
    );
};
