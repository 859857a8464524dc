import type { ChannelView, UpdateChannelBody } from '#libs/contracts';
import type { Cli } from '../cli.js';
import { Failure } from '../failure.js';
import { printable } from '../terminal/printable.js';
import { type ChannelOptions, configOf, filtersOf, readSecret } from './channel-options.js';
import { findChannel } from './find-channel.js';

export interface ChangeChannelOptions extends ChannelOptions {
  on?: boolean;
  off?: boolean;
}

const TARGET = ['url', 'format', 'chatId', 'apiRoot', 'from', 'to', 'secretFile'] as const;

/** Any change also ends a stop: the owner has looked at the channel. */
export async function changeChannel(cli: Cli, options: ChangeChannelOptions, text: string): Promise<void> {
  const owner = await cli.owner();
  const channel = await findChannel(owner, text);
  const changes = {
    ...(await filtersOf(owner, options)),
    ...(await targetOf(cli, channel, options)),
    ...(options.on === true && { enabled: true }),
    ...(options.off === true && { enabled: false }),
  } as UpdateChannelBody;
  if (Object.keys(changes).length === 0 || (options.on === true && options.off === true)) {
    throw new Failure('nothing to change was named', 'See `sledger channel change --help`.', 'bad_option');
  }
  const changed = await owner.updateChannel(channel.id, changes);
  const name = printable(changed.name);
  cli.screen.result(
    changed,
    () => `Channel ${name} is changed and ${changed.enabled ? `on. Try it: sledger channel test "${name}"` : 'off.'}`,
  );
}

/** The server replaces target and secret as a whole, so they are given as for a new channel. */
async function targetOf(cli: Cli, { type }: ChannelView, options: ChannelOptions): Promise<{ config?: object }> {
  if (TARGET.every((option) => options[option] === undefined)) return {};
  return { config: configOf(type, options, await readSecret(cli, options.secretFile)).config };
}

export async function removeChannel(cli: Cli, text: string): Promise<void> {
  const owner = await cli.owner();
  const channel = await findChannel(owner, text);
  await owner.removeChannel(channel.id);
  cli.screen.result(
    { removed: channel.id },
    () => `Channel ${printable(channel.name)} is removed; its secret is forgotten.`,
  );
}
