import type { AlertLevel, EventType } from '#libs/contracts';
import { levelNumber } from '../alert-levels.js';
import type { Channel } from '../channels/channel.js';

export interface Routed {
  channelId: string;
  /** Null: told whatever the others do. Else its turn: the first success ends the round. */
  rank: number | null;
  /** Epoch milliseconds of the first attempt, if nothing changes it before. */
  startsAt: number;
}

export interface Routable {
  type: EventType;
  level: AlertLevel;
  agentId: string | null;
  onlyByName: boolean;
  deadline: number;
}

/** Share of the time left at which the next channel starts although the one before has not given up. */
const ESCALATION_SHARE = 0.25;

/**
 * Which channels an alert goes to. CRITICAL: all, whatever their filters say. WARNING: all that match, at once. INFO: by priority, one after the other until one
 * succeeds; a channel that names the event in its filter has asked for it and always gets it.
 */
export function route(channels: readonly Channel[], alert: Routable, now: number): Routed[] {
  const enabled = channels.filter((channel) => channel.enabled);
  const matching = alert.level === 'CRITICAL' ? enabled : enabled.filter((channel) => matches(channel, alert));
  const atOnce = matching.filter((channel) => alert.level !== 'INFO' || channel.events?.includes(alert.type));
  const inTurn = matching
    .filter((channel) => !atOnce.includes(channel))
    .sort((a, b) => Number(a.stoppedReason !== null) - Number(b.stoppedReason !== null) || a.priority - b.priority);
  return [
    ...atOnce.map(({ id }) => ({ channelId: id, rank: null, startsAt: now })),
    ...inTurn.map(({ id }, rank) => ({ channelId: id, rank, startsAt: startOf(rank, now, alert.deadline) })),
  ];
}

function allowsAgent(channel: Channel, agentId: string | null): boolean {
  return channel.agents === null || agentId === null || channel.agents.includes(agentId);
}

function matches(channel: Channel, alert: Routable): boolean {
  if (!allowsAgent(channel, alert.agentId)) return false;
  if (levelNumber(alert.level) < levelNumber(channel.minLevel)) return false;
  return channel.events === null ? !alert.onlyByName : channel.events.includes(alert.type);
}

/** With a quarter of the budget left the second starts, with a sixteenth the third, and so on. */
function startOf(rank: number, now: number, deadline: number): number {
  return rank === 0 ? now : Math.round(deadline - Math.max(0, deadline - now) * ESCALATION_SHARE ** rank);
}
