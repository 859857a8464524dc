import type { OwnerClient } from '#libs/client';
import type { ChannelView } from '#libs/contracts';
import { everything } from '../everything.js';
import { pick } from '../short-id.js';

/** The channel that `text` means: its name, its id, or the beginning of its id. */
export async function findChannel(owner: OwnerClient, text: string): Promise<ChannelView> {
  const channels = await everything(owner.channels());
  return (
    channels.find(({ name }) => name === text) ??
    pick(text, channels, { one: 'channel', listCommand: 'sledger channel list' })
  );
}
