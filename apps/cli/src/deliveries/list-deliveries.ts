import type { ChannelView, DeliveryView } from '#libs/contracts';
import { findChannel } from '../channels/find-channel.js';
import type { Cli } from '../cli.js';
import { everything } from '../everything.js';
import { countOption } from '../options.js';
import { shortener } from '../short-id.js';
import { relative } from '#libs/contracts';
import { cut, printable } from '../terminal/printable.js';
import type { Paint } from '../terminal/style.js';
import { table } from '../terminal/table.js';

export interface ListDeliveriesOptions {
  channel?: string;
  status?: string;
  event?: string;
  limit: string;
}

const PAINT: Readonly<Record<DeliveryView['status'], Paint>> = {
  pending: 'cyan',
  attempting: 'cyan',
  delivered: 'green',
  retry: 'yellow',
  unknown: 'yellow',
  superseded: 'dim',
  suppressed: 'dim',
  dead: 'red',
};

export async function listDeliveries(cli: Cli, options: ListDeliveriesOptions): Promise<void> {
  const limit = countOption('--limit', options.limit);
  const owner = await cli.owner();
  const channelId = options.channel === undefined ? undefined : (await findChannel(owner, options.channel)).id;
  const query = { channelId, status: options.status, eventId: options.event };
  const items = await cli.screen.during('reading deliveries', () => everything(owner.deliveries(query), limit));
  const channels = cli.screen.json ? [] : await everything(owner.channels());
  cli.screen.result({ items }, () => text(cli, items, channels));
}

function text(cli: Cli, deliveries: DeliveryView[], channels: ChannelView[]): string {
  if (deliveries.length === 0) return 'No deliveries.';
  const { style } = cli.screen;
  const now = new Date();
  const short = shortener(deliveries.map(({ id }) => id));
  const names = new Map(channels.map(({ id, name }) => [id, name]));
  const rows = deliveries.map((delivery) => [
    short(delivery.id),
    cut(printable(names.get(delivery.channelId) ?? delivery.channelId), 24),
    style.paint(delivery.status, PAINT[delivery.status]),
    String(delivery.attempts.length),
    relative(new Date(delivery.createdAt), now),
    delivery.nextAttemptAt === null ? '-' : relative(new Date(delivery.nextAttemptAt), now),
    cut(printable(delivery.detail ?? delivery.attempts.at(-1)?.detail ?? ''), 60),
  ]);
  return table(['ID', 'CHANNEL', 'STATUS', 'TRIES', 'MADE', 'NEXT TRY', 'DETAIL'], rows);
}
