import { domainEventOf, type CloudEvent } from '#libs/contracts';
import type { Database } from '#libs/database';
import { expiringNow, type Intake, type MissedAlerts } from '#libs/deliveries';
import type { Probe } from '../send-deliveries/probe-points.js';
import type { DueSessionCommands } from '../sweep/sweep.js';

export interface EventIntakeParts {
  database: Database;
  intake: Intake;
  commands: Pick<DueSessionCommands, 'announceExpiringSoon'>;
  /** Called when deliveries were queued. */
  wake: () => void;
  /** Called when alerts were read after their deadline. */
  onMissed: (missed: MissedAlerts) => void;
  probe: Probe;
}

/** Takes batches of the log in. A throw means: nothing is recorded, bring the batch again. */
export class EventIntake {
  constructor(private readonly parts: EventIntakeParts) {}

  async apply(batch: CloudEvent[]): Promise<void> {
    const { intake, wake, probe } = this.parts;
    await probe('received');
    await this.announce(batch);
    const { channels, missed } = await intake.apply(batch);
    if (missed.INFO + missed.WARNING + missed.CRITICAL > 0) this.parts.onMissed(missed);
    await probe('recorded');
    if (channels.size > 0) wake();
  }

  /**
   * Evaluates the expiry rule on what was renewed. Before the checkpoint moves: were it after, a crash in between would lose
   * the announcement, and no sweep looks for the renewals leg.
   */
  private async announce(batch: CloudEvent[]): Promise<void> {
    const position = await this.parts.intake.checkpoint();
    const renewed = batch
      .filter((event) => event.position > position && domainEventOf(event)?.type === 'SessionRenewed')
      .map((event) => event.subject);
    for (const sessionId of await expiringNow(this.parts.database, [...new Set(renewed)])) {
      await this.parts.commands.announceExpiringSoon(sessionId, 'renewed');
    }
  }
}
