import { LOG } from '#libs/contracts';
import type { Database, PoolClient } from '#libs/database';
import { databaseNow, recordNotification } from './record-notification.js';
import { syntheticEvent } from './synthetic-event.js';

/** Between two checkpoints through one channel. */
export const CHECKPOINT_SECONDS = 86_400;

// Whole days are added: the hour stays the same, and days without a notifier are not made up for.
const DUE = `update deliveries.channel set checkpoint_at = checkpoint_at
    + floor(extract(epoch from clock_timestamp() - checkpoint_at) / $1) * make_interval(secs => $1)
  where enabled and deleted_at is null and daily_checkpoint
    and checkpoint_at <= clock_timestamp() - make_interval(secs => $1)
    and exists (select from ledger.checkpoint where log = $2)
  returning channel_id`;

/**
 * Queues the log's newest signed checkpoint for every channel that keeps one a day: whoever has it can show later that nothing
 * before it was removed or rewritten. Day and message are one transaction. Returns the channels that have something to send.
 */
export async function sendCheckpoints(database: Database, everySeconds = CHECKPOINT_SECONDS): Promise<string[]> {
  return database.transaction(async (client) => {
    const { rows } = await client.query<{ channel_id: string }>(DUE, [everySeconds, LOG]);
    const channelIds = rows.map((row) => row.channel_id);
    if (channelIds.length === 0) return [];
    const checkpoint = await newestCheckpoint(client);
    const now = await databaseNow(client);
    await recordNotification(client, {
      stage: 'checkpoint',
      event: syntheticEvent('ledger.log.checkpoint.v1', LOG, checkpoint, now),
      eventType: 'LogCheckpoint',
      level: 'INFO',
      deadline: now + everySeconds * 1000,
      agentId: null,
      sessionId: null,
      generation: null,
      routes: channelIds.map((channelId) => ({ channelId, rank: null, startsAt: now })),
    });
    return channelIds;
  });
}

async function newestCheckpoint(client: PoolClient): Promise<{ size: number; signedAt: string; note: string }> {
  const { rows } = await client.query<{ size: number; signed_at: Date; note: string }>(
    'select size, signed_at, note from ledger.checkpoint where log = $1 order by size desc, signed_at desc limit 1',
    [LOG],
  );
  const { size, signed_at, note } = rows[0]!;
  return { size, signedAt: signed_at.toISOString(), note };
}
