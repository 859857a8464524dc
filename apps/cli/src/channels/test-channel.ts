import { setTimeout as sleep } from 'node:timers/promises';
import type { OwnerClient } from '#libs/client';
import { type ChannelView, type DeliveryView, duration } from '#libs/contracts';
import type { Cli } from '../cli.js';
import { EXIT } from '../failure.js';
import { spanOption } from '../options.js';
import { printable } from '../terminal/printable.js';
import { findChannel } from './find-channel.js';

const POLL_MS = 250;
const ENDED: ReadonlySet<DeliveryView['status']> = new Set(['delivered', 'superseded', 'suppressed', 'dead']);

export async function testChannel(cli: Cli, { wait }: { wait: string }, name: string): Promise<number> {
  const seconds = spanOption('--wait', wait);
  const deadline = Date.now() + seconds * 1000;
  const owner = await cli.owner();
  const channel = await findChannel(owner, name);
  const sent = await owner.testChannel(channel.id);
  const delivery = await cli.screen.during(`waiting for ${channel.type}`, () => outcome(owner, sent, deadline));
  cli.screen.result({ channelId: channel.id, delivery }, () => text(cli, channel, delivery, duration(seconds)));
  return delivery.status === 'delivered' ? EXIT.done : EXIT.failed;
}

/** Follows a delivery until it ended or the time is up. */
async function outcome(owner: OwnerClient, sent: DeliveryView, deadline: number): Promise<DeliveryView> {
  let delivery = sent;
  while (!ENDED.has(delivery.status) && Date.now() < deadline) {
    await sleep(POLL_MS);
    const { items } = await owner.deliveryPage({ channelId: sent.channelId });
    delivery = items.find(({ id }) => id === sent.id) ?? delivery;
  }
  return delivery;
}

function text(cli: Cli, channel: ChannelView, delivery: DeliveryView, wait: string): string {
  const { style } = cli.screen;
  const name = `${channel.type} channel ${printable(channel.name)}`;
  if (delivery.status === 'delivered') return `${style.paint('✓', 'green')} ${name} took the test message.`;
  const next = `See \`sledger deliveries list --channel "${printable(channel.name)}"\`.`;
  const bad = style.paint('✗', 'red');
  if (!ENDED.has(delivery.status)) {
    return `${bad} ${name}: not delivered within ${wait} (${delivery.status}); it goes on. ${next}`;
  }
  const reason = delivery.detail ?? delivery.attempts.at(-1)?.detail;
  const detail = reason ? `: ${printable(reason)}` : '';
  return `${bad} ${name}: ${delivery.status}${detail}. ${next}`;
}
