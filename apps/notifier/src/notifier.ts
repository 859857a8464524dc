import type { Database } from '#libs/database';
import { Channels, followClockBack, Intake, TargetPolicy, type MissedAlerts } from '#libs/deliveries';
import type { Logger, Registry } from '#libs/platform';
import type { SecretBox } from '#libs/tokens';
import { BackgroundLoop } from './background-loop.js';
import { openSender } from './open-sender.js';
import { DeliveryMetrics } from './send-deliveries/delivery-metrics.js';
import { Dispatcher } from './send-deliveries/dispatcher.js';
import { InFlight } from './send-deliveries/in-flight.js';
import { OutcomeWriter } from './send-deliveries/outcome-writer.js';
import type { Probe } from './send-deliveries/probe-points.js';
import { leadSweep } from './sweep/sweep-leader.js';
import { Sweep, type DueSessionCommands } from './sweep/sweep.js';
import { EventIntake } from './take-in-events/event-intake.js';
import { safeConnector } from './webhook/safe-connector.js';
import { webhookAgent } from './webhook/webhook-sender.js';

export interface NotifierParts {
  database: Database;
  box: SecretBox;
  logger: Logger;
  metrics: Registry;
  commands: DueSessionCommands;
  /** Networks that webhooks may reach besides public ones. */
  allowedTargets: readonly string[];
  sweepSeconds: number;
  /** Seconds between two test messages through each channel; default an hour. */
  canarySeconds?: number;
  /** Seconds between two checkpoints of the log through each channel; default a day. */
  checkpointSeconds?: number;
  /** Seconds after which an attempt that its worker no longer holds on to counts as lost with it. */
  leaseSeconds?: number;
  /** In [0, 1): where within its step a retry lies; default by chance. */
  random?: () => number;
  probe?: Probe;
}

const CANARY_SECONDS = 3600;
const LEASE_SECONDS = 20;
const LEAD_RETRY_SECONDS = 1;

/** Everything that the notifier runs besides its reader of the log and its bot. */
export class Notifier {
  readonly intake: EventIntake;
  private readonly log: Intake;
  private readonly inFlight: InFlight;
  private readonly dispatcher: Dispatcher;
  private readonly outcomes: OutcomeWriter;
  private readonly sweep: BackgroundLoop;
  private readonly agent: ReturnType<typeof webhookAgent>;

  constructor(private readonly parts: NotifierParts) {
    const { database, logger, box, commands, probe = () => undefined } = parts;
    const channels = new Channels(database, box);
    const metrics = new DeliveryMetrics(parts.metrics);
    this.agent = webhookAgent(safeConnector(new TargetPolicy(parts.allowedTargets)));
    this.outcomes = new OutcomeWriter(database, logger, () => this.dispatcher.wake(), parts.random);
    this.inFlight = new InFlight(database, logger, parts.leaseSeconds ?? LEASE_SECONDS);
    this.dispatcher = new Dispatcher({
      database,
      logger,
      metrics,
      outcomes: this.outcomes,
      openSender: (channelId) => openSender(channels, channelId, this.agent),
      inFlight: this.inFlight,
      probe,
    });
    this.log = new Intake(database);
    const wake = (): void => this.dispatcher.wake();
    const onMissed = (missed: MissedAlerts): void => {
      metrics.missed(missed);
      logger.error({ missed }, 'alerts were read after their deadline: they are recorded as dead and were not sent');
    };
    this.intake = new EventIntake({ database, intake: this.log, commands, wake, onMissed, probe });
    this.sweep = new BackgroundLoop('the sweep', logger);
  }

  start(): void {
    const { database, logger, commands, sweepSeconds, canarySeconds = CANARY_SECONDS, checkpointSeconds } = this.parts;
    this.inFlight.start();
    this.dispatcher.start();
    const onSetBack = async (ms: number): Promise<void> => {
      if ((await followClockBack(database, ms)) > 0) this.dispatcher.wake();
    };
    const sweep = new Sweep({ database, logger, commands, onSetBack });
    this.sweep.start(LEAD_RETRY_SECONDS, (signal) =>
      leadSweep(
        {
          database,
          sweep,
          intervalSeconds: sweepSeconds,
          canarySeconds,
          checkpointSeconds,
          wake: () => this.dispatcher.wake(),
        },
        signal,
      ),
    );
  }

  /** Whether it is on record how far the log was taken in. */
  knowsItsPlace(): Promise<boolean> {
    return this.log.hasCheckpoint();
  }

  skipTo(position: number): Promise<void> {
    return this.log.skipTo(position);
  }

  checkpoint(): Promise<number> {
    return this.log.checkpoint();
  }

  /** Stops taking work; resolves when what is under way is on record. */
  async close(): Promise<void> {
    this.outcomes.hurry();
    await this.sweep.close();
    await this.dispatcher.close();
    await this.outcomes.close();
    await this.inFlight.close();
    await this.agent.destroy();
  }
}
