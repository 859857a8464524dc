import { ALERT_LEVELS, domainEventOf, type AlertLevel, type CloudEvent } from '#libs/contracts';
import type { Database } from '#libs/database';

/** A channel as far as it decides what it is told. */
interface Reach {
  channel_id: string;
  min_level: number;
  /** It names neither events nor agents. */
  unfiltered: boolean;
}

/** Told to every channel that wants its level, or a fact for those that ask for it by name. */
interface Weight {
  level: AlertLevel;
  toAll: boolean;
}

/** The rule's table a second time, not as the product has it: what the cases are checked against must not follow the code. */
function weightOf(event: CloudEvent): Weight {
  const fact = domainEventOf(event);
  switch (fact?.type) {
    case 'TokenReuseDetected':
    case 'UnprovenRenewalRefused':
    case 'KillSwitchActivated':
      return { level: 'CRITICAL', toAll: true };
    case 'SessionExpiringSoon':
    case 'SessionRenewalOverdue':
    case 'SessionExpired':
      return { level: 'WARNING', toAll: true };
    case 'SessionRevoked':
      return {
        level: ['renewal_rejected', 'token_reuse'].includes(fact.data.trigger) ? 'WARNING' : 'INFO',
        toAll: true,
      };
    case 'SessionRenewed':
      return { level: 'INFO', toAll: true };
    default:
      return { level: 'INFO', toAll: false };
  }
}

interface Expected {
  event: CloudEvent;
  level: number;
  channelIds: string[];
}

/** What follows from the events that were taken in, for the channels that were there meanwhile. */
export class ExpectedAlerts {
  private readonly expected: Expected[] = [];

  constructor(private readonly database: Database) {}

  /** Notes what must follow from those that are new to the notifier. */
  async during(events: readonly CloudEvent[], takeIn: () => Promise<unknown>): Promise<void> {
    const [before, position] = [await this.channels(), await this.checkpoint()];
    await takeIn();
    const after = new Set((await this.channels()).map((channel) => JSON.stringify(channel)));
    const channels = before.filter((channel) => after.has(JSON.stringify(channel)));
    for (const event of events.filter((each) => each.position > position)) {
      const { level, toAll } = weightOf(event);
      const number = ALERT_LEVELS.indexOf(level);
      const told = channels.filter(
        ({ min_level, unfiltered }) => toAll && (level === 'CRITICAL' || (unfiltered && min_level <= number)),
      );
      this.expected.push({ event, level: number, channelIds: told.map(({ channel_id }) => channel_id) });
    }
  }

  /** Each event has its notification of the right level, and that its delivery for each channel that must hear of it. */
  async missing(): Promise<string[]> {
    const notifications = await this.database.query<{ id: string; level: number | null }>(
      `select e.id, n.level from unnest($1::uuid[], $2::smallint[]) as e (id, level)
       left join deliveries.notification n on n.event_id = e.id and n.stage = 'alert'
       where n.level is distinct from e.level`,
      [this.expected.map(({ event }) => event.id), this.expected.map(({ level }) => level)],
    );
    const pairs = this.expected.flatMap(({ event, channelIds }) => channelIds.map((channel) => [event.id, channel]));
    const deliveries = await this.database.query<{ id: string; channel: string }>(
      `select e.id, e.channel from unnest($1::uuid[], $2::uuid[]) as e (id, channel)
       where not exists (select from deliveries.notification n join deliveries.delivery d using (notification_id)
         where n.event_id = e.id and n.stage = 'alert' and d.channel_id = e.channel)`,
      [pairs.map(([id]) => id), pairs.map(([, channel]) => channel)],
    );
    return [
      ...notifications.map(
        ({ id, level }) => `${this.named(id)} has ${level === null ? 'no notification' : `level ${level}`}`,
      ),
      ...deliveries.map(({ id, channel }) => `${this.named(id)} has no delivery for channel ${channel}`),
    ];
  }

  private named(eventId: string): string {
    return `${this.expected.find(({ event }) => event.id === eventId)?.event.type} ${eventId}`;
  }

  private channels(): Promise<Reach[]> {
    return this.database.query<Reach>(
      `select channel_id, min_level, events is null and agents is null as unfiltered from deliveries.channel
       where enabled and deleted_at is null`,
    );
  }

  private async checkpoint(): Promise<number> {
    const rows = await this.database.query<{ position: number }>(
      "select position from deliveries.checkpoint where consumer = 'notifier'",
    );
    return rows[0]?.position ?? 0;
  }
}
