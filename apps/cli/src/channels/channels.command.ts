import type { Register } from '../commands.js';
import { collect } from '../collect.js';
import type { ChangeChannelOptions } from './change-channel.js';
import type { ChannelOptions } from './channel-options.js';
import { examples } from '../help-examples.js';

export const registerChannels: Register = (program, commands) => {
  const channel = program.command('channel').description('where alerts go: Telegram, email, webhooks');

  withOptions(channel.command('add <type> <name>'))
    .description('add a channel: telegram, email or webhook')
    .addHelpText(
      'after',
      examples(
        'sledger channel add webhook ops --url https://example.org/hooks/ledger',
        'sledger channel add telegram me --chat-id 12345 --secret-file ./bot-token',
        'sledger channel add email me --from ledger@example.org --to me@example.org --secret-file ./smtp-url',
        'sledger channel add telegram night --chat-id 12345 --secret-file ./bot-token --language ko --quiet-hours 22:00-07:00',
      ),
    )
    .action(
      commands.action<ChannelOptions, [string, string]>(async (cli, options, type, name) =>
        (await import('./add-channel.js')).addChannel(cli, options, type, name),
      ),
    );

  channel
    .command('list')
    .description('list all channels')
    .addHelpText('after', examples('sledger channel list'))
    .action(commands.action(async (cli) => (await import('./list-channels.js')).listChannels(cli)));

  withOptions(channel.command('change <channel>'))
    .description('change a channel; a new target or secret is given whole, as for add')
    .option('--on', 'turn it on')
    .option('--off', 'turn it off: what waits is not sent')
    .addHelpText(
      'after',
      examples(
        'sledger channel change ops --off',
        'sledger channel change ops --on --url https://example.org/hooks/new',
        'sledger channel change me --chat-id 12345 --secret-file ./new-bot-token',
      ),
    )
    .action(
      commands.action<ChangeChannelOptions, [string]>(async (cli, options, name) =>
        (await import('./change-channel.js')).changeChannel(cli, options, name),
      ),
    );

  channel
    .command('remove <channel>')
    .description('remove a channel and forget its secret')
    .addHelpText('after', examples('sledger channel remove ops'))
    .action(
      commands.action<object, [string]>(async (cli, _options, name) =>
        (await import('./change-channel.js')).removeChannel(cli, name),
      ),
    );

  channel
    .command('test <channel>')
    .description('send a test message and wait for what becomes of it')
    .option('--wait <span>', 'how long to wait', '30s')
    .addHelpText('after', examples('sledger channel test ops', 'sledger channel test ops --wait 5s'))
    .action(
      commands.action<{ wait: string }, [string]>(async (cli, options, name) =>
        (await import('./test-channel.js')).testChannel(cli, options, name),
      ),
    );
};

type Addable = ReturnType<Parameters<Register>[0]['command']>;

function withOptions(command: Addable): Addable {
  return command
    .option('--url <url>', 'webhook: where to POST')
    .option('--format <format>', 'webhook: standard, slack, discord or ntfy')
    .option('--chat-id <id>', 'telegram: the chat')
    .option('--api-root <url>', 'telegram: another Bot API server')
    .option('--from <address>', 'email: sender')
    .option('--to <address>', 'email: recipient')
    .option('--secret-file <path>', 'file with the secret: bot token, smtp:// URL or whsec_ key; "-" reads stdin')
    .option('--event <type>', 'only this event; may be repeated', collect)
    .option('--min-level <level>', 'INFO, WARNING or CRITICAL')
    .option('--agent <agent>', 'only of this agent; may be repeated', collect)
    .option('--language <language>', 'of the messages: en or ko')
    .option('--quiet-hours <span>', 'e.g. 22:00-07:00: what is not critical and can wait is sent afterwards')
    .option('--time-zone <zone>', "of the quiet hours, e.g. Asia/Seoul; default: this machine's")
    .option('--daily-checkpoint <on|off>', 'the newest signed checkpoint once a day, to keep as a witness; default: on')
    .option('--priority <number>', 'lower goes first where channels are tried in turn');
}
