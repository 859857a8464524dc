import type { Register } from '../commands.js';
import type { ListDeliveriesOptions } from './list-deliveries.js';
import { examples } from '../help-examples.js';

export const registerDeliveries: Register = (program, commands) => {
  const deliveries = program.command('deliveries').description('what became of each alert on each channel');

  deliveries
    .command('list')
    .description('deliveries, the newest first')
    .option('--channel <channel>', 'only of this channel')
    .option('--status <status>', 'only pending, retry, delivered, unknown, superseded, suppressed or dead')
    .option('--event <id>', 'only of this event')
    .option('--limit <count>', 'at most so many', '50')
    .addHelpText('after', examples('sledger deliveries list', 'sledger deliveries list --channel ops --status dead'))
    .action(
      commands.action<ListDeliveriesOptions>(async (cli, options) =>
        (await import('./list-deliveries.js')).listDeliveries(cli, options),
      ),
    );

  deliveries
    .command('redeliver <delivery>')
    .description('send a dead delivery again')
    .addHelpText('after', examples('sledger deliveries redeliver 0197c2aa-4b1e'))
    .action(
      commands.action<object, [string]>(async (cli, _options, id) =>
        (await import('./redeliver.js')).redeliver(cli, id),
      ),
    );
};
