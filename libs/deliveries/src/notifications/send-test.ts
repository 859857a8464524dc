import { once, type Database, type PoolClient, type RepeatableRequest } from '#libs/database';
import type { Channel } from '../channels/channel.js';
import { CHANNEL_COLUMNS, channelOf, type ChannelRow } from '../channels/channel-rows.js';
import { raiseTrouble } from './raise-trouble.js';
import { databaseNow, recordNotification } from './record-notification.js';
import { syntheticEvent } from './synthetic-event.js';

const TEST_DEADLINE_MS = 60_000;
const CANARY_DEADLINE_MS = 10 * 60_000;

/**
 * Queues a test message for one channel: claimed, limited, signed and logged like a real one. Returns its delivery's id.
 * Throws `IDEMPOTENCY_KEY_REUSED`.
 */
export async function sendTest(
  database: Database,
  channel: { id: string; name: string },
  request?: RepeatableRequest,
): Promise<string> {
  const { outcome } = await once(database, request, async (client) => {
    const now = await databaseNow(client);
    const deliveries = await recordNotification(client, {
      stage: 'test',
      event: syntheticEvent('ledger.channel.test.v1', channel.id, { channelId: channel.id, name: channel.name }, now),
      eventType: 'ChannelTest',
      level: 'INFO',
      deadline: now + TEST_DEADLINE_MS,
      agentId: null,
      sessionId: null,
      generation: null,
      routes: [{ channelId: channel.id, rank: null, startsAt: now }],
    });
    return deliveries.get(channel.id)!;
  });
  return outcome;
}

/**
 * Queues the periodic message through the real path for every channel whose last one is older than `everySeconds`, and tells of
 * channels whose last one did not arrive. Returns the channels that have something to send.
 */
export async function sendCanaries(database: Database, everySeconds: number): Promise<string[]> {
  return database.transaction(async (client) => {
    const { rows } = await client.query<ChannelRow & { missing: string | null }>(
      `update deliveries.channel c set canary_at = clock_timestamp()
       where enabled and deleted_at is null and canary_at < clock_timestamp() - make_interval(secs => $1)
       returning ${CHANNEL_COLUMNS}, (
         select delivery_id from deliveries.delivery d
         where d.delivery_id = c.canary_delivery and d.status not in ('delivered', 'superseded')) as missing`,
      [everySeconds],
    );
    const woken: string[] = [];
    for (const { missing, ...row } of rows) {
      const channel = channelOf(row);
      if (missing !== null) {
        const reason = 'Its periodic test message did not arrive. Send one by hand: POST /v1/channels/:id/test.';
        woken.push(...(await raiseTrouble(client, { channelId: channel.id, reason })));
        await client.query(
          `update deliveries.delivery set status = 'superseded', detail = 'a newer test message follows',
             next_attempt_at = null, finished_at = clock_timestamp()
           where delivery_id = $1 and status not in ('delivered', 'superseded', 'attempting')`,
          [missing],
        );
      }
      await queueCanary(client, channel);
      woken.push(channel.id);
    }
    return woken;
  });
}

async function queueCanary(client: PoolClient, { id, name }: Channel): Promise<void> {
  const now = await databaseNow(client);
  const queued = await recordNotification(client, {
    stage: 'canary',
    event: syntheticEvent('ledger.channel.canary.v1', id, { channelId: id, name }, now),
    eventType: 'ChannelCanary',
    level: 'INFO',
    deadline: now + CANARY_DEADLINE_MS,
    agentId: null,
    sessionId: null,
    generation: null,
    routes: [{ channelId: id, rank: null, startsAt: now }],
  });
  await client.query('update deliveries.channel set canary_delivery = $2 where channel_id = $1', [id, queued.get(id)]);
}
