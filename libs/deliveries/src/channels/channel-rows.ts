import type { ChannelType, EventType, MessageLanguage, QuietHours } from '#libs/contracts';
import { levelName } from '../alert-levels.js';
import type { Channel } from './channel.js';

export interface ChannelRow {
  channel_id: string;
  type: ChannelType;
  name: string;
  events: EventType[] | null;
  min_level: number;
  agents: string[] | null;
  priority: number;
  enabled: boolean;
  language: MessageLanguage;
  quiet_hours: QuietHours | null;
  daily_checkpoint: boolean;
  source: Channel['source'];
  version: number;
  created_at: Date;
  stopped_reason: string | null;
  failures: number;
}

export const CHANNEL_COLUMNS = `channel_id, type, name, events, min_level, agents::text[] as agents, priority, enabled,
  language, quiet_hours, daily_checkpoint, source, version, created_at, stopped_reason, failures`;

export function channelOf(row: ChannelRow): Channel {
  return {
    id: row.channel_id,
    type: row.type,
    name: row.name,
    events: row.events,
    minLevel: levelName(row.min_level),
    agents: row.agents,
    priority: row.priority,
    enabled: row.enabled,
    language: row.language,
    quietHours: row.quiet_hours,
    dailyCheckpoint: row.daily_checkpoint,
    source: row.source,
    version: row.version,
    createdAt: row.created_at.getTime(),
    stoppedReason: row.stopped_reason,
    failures: row.failures,
  };
}
