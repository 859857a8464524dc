import type { PoolClient } from '#libs/database';
import { CHANNEL_COLUMNS, channelOf, type ChannelRow } from '../channels/channel-rows.js';
import { databaseNow, recordNotification } from './record-notification.js';
import { syntheticEvent } from './synthetic-event.js';

/** The same trouble is not told again within this time. */
const TOLD_FOR = "interval '1 hour'";
const TROUBLE_DEADLINE_MS = 24 * 3600 * 1000;

/** What was told last of each kind of trouble. A bot may take no commands while its messages arrive: neither hides the other. */
const TOLD_AT = { sending: 'told_at', bot: 'bot_told_at' } as const;

export interface ChannelTrouble {
  channelId: string;
  /** Where it lies; `sending` unless said otherwise. */
  kind?: keyof typeof TOLD_AT;
  /** What is wrong and what the owner can do, in one sentence each. */
  reason: string;
  /** The channel has just been stopped or turned off: that is told whatever was told of it in the last hour. */
  isNews?: boolean;
}

/** Tells the owner through the other channels that one does not work. Returns the channels that carry the news. */
export async function raiseTrouble(
  client: PoolClient,
  { channelId, kind = 'sending', reason, isNews = false }: ChannelTrouble,
): Promise<string[]> {
  const toldAt = TOLD_AT[kind];
  const { rows: marked } = await client.query<ChannelRow>(
    `update deliveries.channel set ${toldAt} = clock_timestamp()
     where channel_id = $1 and ($2 or coalesce(${toldAt} < clock_timestamp() - ${TOLD_FOR}, true)) returning ${CHANNEL_COLUMNS}`,
    [channelId, isNews],
  );
  if (!marked[0]) return [];
  const troubled = channelOf(marked[0]);
  const { rows } = await client.query<ChannelRow>(
    `select ${CHANNEL_COLUMNS} from deliveries.channel
     where channel_id <> $1 and enabled and deleted_at is null and stopped_reason is null`,
    [channelId],
  );
  const now = await databaseNow(client);
  const deliveries = await recordNotification(client, {
    stage: 'trouble',
    event: syntheticEvent(
      'ledger.channel.trouble.v1',
      channelId,
      { channelId, name: troubled.name, type: troubled.type, reason },
      now,
    ),
    eventType: 'ChannelTrouble',
    level: 'WARNING',
    deadline: now + TROUBLE_DEADLINE_MS,
    agentId: null,
    sessionId: null,
    generation: null,
    routes: rows.map((row) => ({ channelId: row.channel_id, rank: null, startsAt: now })),
  });
  return [...deliveries.keys()];
}
