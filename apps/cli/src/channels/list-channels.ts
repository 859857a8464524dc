import type { ChannelView } from '#libs/contracts';
import type { Cli } from '../cli.js';
import { everything } from '../everything.js';
import { shortener } from '../short-id.js';
import { cut, printable } from '../terminal/printable.js';
import type { Style } from '../terminal/style.js';
import { table } from '../terminal/table.js';

export async function listChannels(cli: Cli): Promise<void> {
  const owner = await cli.owner();
  const items = await everything(owner.channels());
  cli.screen.result({ items }, () => text(cli, items));
}

function text(cli: Cli, channels: ChannelView[]): string {
  const { style } = cli.screen;
  if (channels.length === 0) {
    const alarm = style.paint('No channel: nobody would be told when a session dies.', 'red');
    return `${alarm} See \`sledger channel add --help\`.`;
  }
  const short = shortener(channels.map(({ id }) => id));
  const rows = channels.map((channel) => [
    short(channel.id),
    channel.type,
    style.bold(cut(printable(channel.name), 30)),
    stateOf(style, channel),
    channel.minLevel,
    String(channel.priority),
    channel.events?.join(', ') ?? 'all',
  ]);
  return table(['ID', 'TYPE', 'NAME', 'STATE', 'FROM LEVEL', 'PRIORITY', 'EVENTS'], rows);
}

function stateOf(style: Style, { enabled, stoppedReason }: ChannelView): string {
  if (!enabled) return style.paint(stoppedReason === null ? 'off' : `off: ${reasonOf(stoppedReason)}`, 'red');
  return stoppedReason === null
    ? style.paint('on', 'green')
    : style.paint(`stopped: ${reasonOf(stoppedReason)}`, 'red');
}

const reasonOf = (text: string): string => cut(printable(text), 60);
