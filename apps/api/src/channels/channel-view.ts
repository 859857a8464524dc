import type { ChannelView } from '#libs/contracts';
import type { Channel } from '#libs/deliveries';

/** A channel as it is shown: never its configuration. */
export function channelViewOf(channel: Channel): ChannelView {
  const { id, type, name, events, minLevel, agents, priority, enabled, language, quietHours } = channel;
  const { dailyCheckpoint, stoppedReason } = channel;
  const createdAt = new Date(channel.createdAt).toISOString();
  return {
    id,
    type,
    name,
    events,
    minLevel,
    agents,
    priority,
    enabled,
    language,
    quietHours,
    dailyCheckpoint,
    createdAt,
    stoppedReason,
  };
}
