import type { ChannelType } from '#libs/contracts';

/**
 * How many attempts may end without anybody knowing whether the message arrived. Webhook receivers tell repeats apart by
 * `webhook-id`, so they are tried like after any failure; a chat or a mailbox cannot: one labelled repeat, then it is given
 * up and told elsewhere.
 */
export function unknownsAllowed(type: ChannelType): number {
  return type === 'webhook' ? Infinity : 1;
}
