import { once, type Database, type RepeatableRequest } from '#libs/database';
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
    const { rows } = await client.query<ChannelRow & { missing: boolean }>(
      `update deliveries.channel c set canary_at = clock_timestamp()
       where enabled and deleted_at is null and canary_at < clock_timestamp() - make_interval(secs => $1)
       returning ${CHANNEL_COLUMNS}, exists (
         select from deliveries.delivery d join deliveries.notification n using (notification_id)
         where d.channel_id = c.channel_id and n.stage = 'canary' and d.status not in ('delivered', 'superseded')) as missing`,
      [everySeconds],
    );
    const woken: string[] = [];
    for (const row of rows) {
      const channel = channelOf(row);
      if (row.missing) {
        const reason = 'Its periodic test message did not arrive. Send one by hand: POST /v1/channels/:id/test.';
        woken.push(...(await raiseTrouble(client, { channelId: channel.id, reason })));
        await client.query(
          `update deliveries.delivery d set status = 'superseded', detail = 'a newer test message follows',
             next_attempt_at = null, finished_at = clock_timestamp()
           from deliveries.notification n where n.notification_id = d.notification_id and d.channel_id = $1
             and n.stage = 'canary' and d.status not in ('delivered', 'superseded', 'attempting')`,
          [channel.id],
        );
      }
      const now = await databaseNow(client);
      await recordNotification(client, {
        stage: 'canary',
        event: syntheticEvent(
          'ledger.channel.canary.v1',
          channel.id,
          { channelId: channel.id, name: channel.name },
          now,
        ),
        eventType: 'ChannelCanary',
        level: 'INFO',
        deadline: now + CANARY_DEADLINE_MS,
        agentId: null,
        sessionId: null,
        generation: null,
        routes: [{ channelId: channel.id, rank: null, startsAt: now }],
      });
      woken.push(channel.id);
    }
    return woken;
  });
}
