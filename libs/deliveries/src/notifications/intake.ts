import { ALERT_LEVELS, type CloudEvent } from '#libs/contracts';
import type { Database } from '#libs/database';
import { planIntake, type IntakePlan } from './plan-intake.js';
import { recordNotifications } from './record-notification.js';
import { applyReminderChanges } from './reminder-changes.js';
import { missedOf, tellMissed, type MissedAlerts } from './tell-missed.js';

const CONSUMER = 'notifier';
/** Notifications and deliveries of one transaction. */
const ROWS_AT_ONCE = 1_000;

export interface IntakeResult {
  /** Channels that have something to send now. */
  channels: Set<string>;
  /** Alerts whose deadline had passed already. */
  missed: MissedAlerts;
}

/** Takes events of the log in: notifications, deliveries and how far the log was read in one transaction. */
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
   * silent; the first event above it must be the next one. A throw may leave the first of them taken in: the checkpoint says.
   */
  async apply(events: readonly CloudEvent[]): Promise<IntakeResult> {
    const result: IntakeResult = { channels: new Set(), missed: missedOf([]) };
    for (;;) {
      const { position, now } = await this.place();
      const fresh = events.filter((event) => event.position > position);
      if (fresh.length === 0) return result;
      if (fresh[0]!.position !== position + 1) throw new PositionGap(position, fresh[0]!.position);
      let before = position;
      for (const group of inGroups(await planIntake(this.database, fresh, now))) {
        if (!(await this.record(group, before, result))) break;
        before = group.at(-1)!.position;
      }
    }
  }

  private async place(): Promise<{ position: number; now: number }> {
    const [row] = await this.database.query<{ position: number; now: number }>(
      `select position, extract(epoch from clock_timestamp())::float8 * 1000 as now
       from deliveries.checkpoint where consumer = $1`,
      [CONSUMER],
    );
    if (!row) throw new CheckpointMissing();
    return row;
  }

  /** False when another notifier has taken these in meanwhile: then nothing is written. */
  private record(plans: readonly IntakePlan[], before: number, result: IntakeResult): Promise<boolean> {
    return this.database.transaction(async (client) => {
      const { rowCount } = await client.query(
        'update deliveries.checkpoint set position = $3 where consumer = $1 and position = $2',
        [CONSUMER, before, plans.at(-1)!.position],
      );
      if (rowCount === 0) return false;
      const notifications = plans.flatMap((plan) => plan.notifications);
      const queued = await recordNotifications(client, notifications);
      const missed = missedOf(plans);
      const told = await tellMissed(client, CONSUMER, missed);
      await applyReminderChanges(
        client,
        plans.flatMap(({ reminder }) => reminder ?? []),
      );
      for (const channelId of [...queued.flatMap((deliveries) => [...deliveries.keys()]), ...told]) {
        result.channels.add(channelId);
      }
      for (const level of ALERT_LEVELS) result.missed[level] += missed[level];
      return true;
    });
  }
}

/** So many rows at a time: nothing is sequenced while a transaction that writes is open. */
function inGroups(plans: readonly IntakePlan[]): IntakePlan[][] {
  const groups: IntakePlan[][] = [];
  let rows = Infinity;
  for (const plan of plans) {
    const more = plan.notifications.reduce((sum, { routes }) => sum + 1 + routes.length, 0);
    if (rows + more > ROWS_AT_ONCE) {
      groups.push([]);
      rows = 0;
    }
    groups.at(-1)!.push(plan);
    rows += more;
  }
  return groups;
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
