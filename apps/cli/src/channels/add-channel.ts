import type { ChannelView, CreateChannelBody } from '#libs/contracts';
import type { Cli } from '../cli.js';
import { printable } from '../terminal/printable.js';
import { type ChannelOptions, configOf, filtersOf, readSecret } from './channel-options.js';

export async function addChannel(cli: Cli, options: ChannelOptions, type: string, name: string): Promise<void> {
  const kind = configOf(type, options, await readSecret(cli, options.secretFile));
  const owner = await cli.owner();
  const channel = await owner.createChannel({
    ...kind,
    name,
    ...(await filtersOf(owner, options)),
  } as CreateChannelBody);
  cli.screen.result(channel, () => addedText(cli, channel));
}

function addedText(cli: Cli, channel: ChannelView & { secret?: string }): string {
  const { style } = cli.screen;
  const name = printable(channel.name);
  return [
    `${style.paint('✓', 'green')} ${channel.type} channel ${style.bold(name)} added: ${channel.id}`,
    ...(channel.secret === undefined
      ? []
      : ['  The server made its signing secret; --output json shows it, this once. Your own: --secret-file.']),
    style.dim(`  Next: sledger channel test "${name}"`),
  ].join('\n');
}
