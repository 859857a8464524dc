import type { Register } from '../commands.js';
import { collect } from '../collect.js';
import type { AddChannelOptions } from './add-channel.js';

export const registerChannels: Register = (program, commands) => {
  const channel = program.command('channel').description('where alerts go: Telegram, email, webhooks');

  channel
    .command('add <type> <name>')
    .description('add a channel: telegram, email or webhook')
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
    .option('--priority <number>', 'lower goes first where channels are tried in turn')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  $ sledger channel add webhook ops --url https://example.org/hooks/ledger\n' +
        '  $ sledger channel add telegram me --chat-id 12345 --secret-file ./bot-token\n' +
        '  $ sledger channel add email me --from ledger@example.org --to me@example.org --secret-file ./smtp-url\n' +
        '  $ sledger channel add telegram night --chat-id 12345 --secret-file ./bot-token --language ko --quiet-hours 22:00-07:00\n',
    )
    .action(
      commands.action<AddChannelOptions, [string, string]>(async (cli, options, type, name) =>
        (await import('./add-channel.js')).addChannel(cli, options, type, name),
      ),
    );

  channel
    .command('list')
    .description('list all channels')
    .action(commands.action(async (cli) => (await import('./list-channels.js')).listChannels(cli)));

  channel
    .command('test <channel>')
    .description('send a test message and wait for what becomes of it')
    .option('--wait <span>', 'how long to wait', '30s')
    .action(
      commands.action<{ wait: string }, [string]>(async (cli, options, name) =>
        (await import('./test-channel.js')).testChannel(cli, options, name),
      ),
    );
};
