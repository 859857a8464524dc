import type { CloudEvent } from '#libs/contracts';
import type { Database, PoolClient } from '#libs/database';
import type { Channel } from '../channels/channel.js';
import { CHANNEL_COLUMNS, channelOf, type ChannelRow } from '../channels/channel-rows.js';
import { alertOf, type Alert } from './alert.js';
import { recordNotification } from './record-notification.js';
import { route } from './route.js';

const CONSUMER = 'notifier';
/** How long the news that a holder is back is worth telling. */
const WITHDRAWAL_DEADLINE_MS = 24 * 3600 * 1000;

export interface IntakeResult {
  /** Channels that have something to send now. */
  channels: Set<string>;
}

/** Takes events of the log in: notifications, deliveries and the checkpoint in one transaction. */
export class Intake {
  constructor(private readonly database: Database) {}

  /** Position of the last event that was taken in. */
  async checkpoint(): Promise<number> {
    const rows = await this.database.query<{ position: number }>(
      'select position from deliveries.checkpoint where consumer = $1',
      [CONSUMER],
    );
    return rows[0]?.position ?? 0;
  }

  async hasCheckpoint(): Promise<boolean> {
    const rows = await this.database.query('select from deliveries.checkpoint where consumer = $1', [CONSUMER]);
    return rows.length > 0;
  }

  /** Skips the log up to `position`: for a first start, and for a database whose checkpoint is gone. Never goes back. */
  async skipTo(position: number): Promise<void> {
    await this.database.query(
      `insert into deliveries.checkpoint (consumer, position) values ($1, $2)
       on conflict (consumer) do update set position = greatest(deliveries.checkpoint.position, excluded.position)`,
      [CONSUMER, position],
    );
  }

  /**
   * Takes in events in the order of their positions. What lies at or below the checkpoint is skipped, so that a replay is
   * silent; the first event above it must be the next one.
   */
  async apply(events: readonly CloudEvent[]): Promise<IntakeResult> {
    return this.database.transaction(async (client) => {
      const result: IntakeResult = { channels: new Set() };
      const { rows } = await client.query<{ position: number; now: number }>(
        `select position, extract(epoch from clock_timestamp())::float8 * 1000 as now
         from deliveries.checkpoint where consumer = $1 for update`,
        [CONSUMER],
      );
      if (!rows[0]) throw new CheckpointMissing();
      const { position, now } = rows[0];
      const fresh = events.filter((event) => event.position > position);
      if (fresh.length === 0) return result;
      if (fresh[0]!.position !== position + 1) throw new PositionGap(position, fresh[0]!.position);
      const channels = await loadChannels(client);
      for (const event of fresh) await takeIn(client, event, channels, now, result);
      await client.query('update deliveries.checkpoint set position = $2 where consumer = $1', [
        CONSUMER,
        fresh.at(-1)!.position,
      ]);
      return result;
    });
  }
}

/** The events between were not delivered: read them from the store. */
export class PositionGap extends Error {
  override readonly name = 'PositionGap';
  constructor(
    readonly checkpoint: number,
    readonly position: number,
  ) {
    super(`position ${position} follows ${checkpoint}: read what lies between from the store`);
  }
}

/** Without it nobody knows what was told already. */
export class CheckpointMissing extends Error {
  override readonly name = 'CheckpointMissing';
  constructor() {
    super('the notifier does not know how far it has read the log; it will go on at its end, so as to repeat nothing');
  }
}

async function loadChannels(client: PoolClient): Promise<Channel[]> {
  const { rows } = await client.query<ChannelRow>(
    `select ${CHANNEL_COLUMNS} from deliveries.channel where enabled and deleted_at is null order by channel_id`,
  );
  return rows.map(channelOf);
}

async function takeIn(
  client: PoolClient,
  event: CloudEvent,
  channels: Channel[],
  now: number,
  result: IntakeResult,
): Promise<void> {
  const tokenEnd = event.type.includes('.renewal_overdue.') ? await tokenEndOf(client, event.subject) : null;
  const alert = alertOf(event, tokenEnd);
  if (alert === null) return;
  if (alert.deadline > now) {
    const deliveries = await recordNotification(client, {
      ...alert,
      stage: 'alert',
      eventType: alert.type,
      routes: route(channels, alert, now),
    });
    for (const channelId of deliveries.keys()) result.channels.add(channelId);
  }
  await keepReminder(client, alert);
  if (alert.type === 'SessionRenewed' && alert.sessionId !== null) {
    await withdrawOverdue(client, alert, channels, now, result);
  }
}

async function tokenEndOf(client: PoolClient, sessionId: string): Promise<number | null> {
  const { rows } = await client.query<{ expires_at: number }>(
    'select expires_at from ledger.session_head where session_id = $1',
    [sessionId],
  );
  return rows[0] ? rows[0].expires_at * 1000 : null;
}

/** An announced session gets one reminder near its end; the sweep decides when. A renewal may move the end. */
async function keepReminder(client: PoolClient, { type, sessionId, event }: Alert): Promise<void> {
  if (type === 'SessionExpiringSoon') {
    const data = event.data as { causes: string[]; endsAt: string };
    await client.query(
      `insert into deliveries.reminder (session_id, event_id, causes, announced_end, due_at)
       values ($1, $2, $3, $4, clock_timestamp()) on conflict do nothing`,
      [sessionId, event.id, data.causes, Math.floor(Date.parse(data.endsAt) / 1000)],
    );
  } else if (type === 'SessionRenewed') {
    await client.query('update deliveries.reminder set due_at = clock_timestamp() where session_id = $1', [sessionId]);
  } else if (type === 'SessionRevoked' || type === 'SessionExpired') {
    await client.query('delete from deliveries.reminder where session_id = $1', [sessionId]);
  }
}

/** The holder is back: whoever was told that its renewal is overdue is told so. */
async function withdrawOverdue(
  client: PoolClient,
  alert: Alert,
  channels: Channel[],
  now: number,
  result: IntakeResult,
): Promise<void> {
  const { rows } = await client.query<{ channel_id: string }>(
    `select distinct d.channel_id from deliveries.notification n join deliveries.delivery d using (notification_id)
     where n.session_id = $1 and n.event_type = 'SessionRenewalOverdue' and n.generation = $2
       and d.status in ('delivered', 'unknown', 'attempting')`,
    [alert.sessionId, (alert.generation ?? 0) - 1],
  );
  const told = channels.filter(({ id }) => rows.some((row) => row.channel_id === id));
  if (told.length === 0) return;
  await recordNotification(client, {
    ...alert,
    stage: 'withdrawn',
    eventType: alert.type,
    deadline: now + WITHDRAWAL_DEADLINE_MS,
    routes: told.map(({ id }) => ({ channelId: id, rank: null, startsAt: now })),
  });
  for (const { id } of told) result.channels.add(id);
}
