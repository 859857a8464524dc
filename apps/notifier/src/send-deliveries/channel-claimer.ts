import { type Database } from '#libs/database';
import {
  claimMessages,
  pauseGate,
  takeTokens,
  type ClaimableChannel,
  type ClaimedMessage,
  type Outcome,
} from '#libs/deliveries';
import { type Logger } from '#libs/platform';
import { type DeliveryMetrics } from './delivery-metrics.js';
import { type OutcomeWriter } from './outcome-writer.js';
import { type Probe } from './probe-points.js';
import { type Sender } from './sender.js';

export interface ClaimerParts {
  database: Database;
  logger: Logger;
  metrics: DeliveryMetrics;
  outcomes: OutcomeWriter;
  /** Opens the channel's configuration and makes its sender. */
  openSender: (channelId: string) => Promise<Sender>;
  leaseSeconds: number;
  probe: Probe;
}

/** Sends what is due on one channel. Its slots are its own: what hangs here holds up nothing else. */
export class ChannelClaimer {
  private sender: { version: number; sender: Sender } | null = null;
  private readonly underWay = new Set<Promise<void>>();
  private running: Promise<void> | null = null;
  private again = false;
  private closed = false;

  constructor(
    private state: ClaimableChannel,
    private readonly parts: ClaimerParts,
  ) {}

  /** What the channel's row says now. */
  update(state: ClaimableChannel): void {
    this.state = state;
  }

  /** Looks for work; once more when it is looking already. */
  kick(): void {
    if (this.closed) return;
    if (this.running) {
      this.again = true;
      return;
    }
    this.running = this.run()
      .catch((error: unknown) =>
        this.parts.logger.error({ err: error, channelId: this.state.channel.id }, 'claiming failed'),
      )
      .finally(() => (this.running = null));
  }

  /** Resolves when every attempt under way is on record. */
  async close(): Promise<void> {
    this.closed = true;
    await this.running;
    await Promise.all(this.underWay);
    await this.sender?.sender.close();
  }

  private async run(): Promise<void> {
    do {
      this.again = false;
      while (!this.closed && (await this.claim())) this.again = false;
    } while (this.again && !this.closed);
  }

  /** Whether something was claimed. */
  private async claim(): Promise<boolean> {
    const sender = await this.currentSender();
    const limit = this.state.probing ? 1 : sender.concurrency;
    const slots = limit - this.underWay.size;
    if (slots <= 0) return false;
    if (!(await this.passGates(sender, 1))) return false;
    const { channel } = this.state;
    const messages = await claimMessages(this.parts.database, {
      channel,
      slots,
      digestAbove: sender.digestAbove,
      leaseSeconds: this.parts.leaseSeconds,
      onlyProbes: channel.stoppedReason !== null,
      render: (members) => sender.render(members),
    });
    if (messages.length === 0) await this.passGates(sender, -1);
    for (const message of messages) this.start(message, sender);
    return messages.length > 0;
  }

  /** Takes one token of each limit, or gives it back. */
  private async passGates(sender: Sender, tokens: 1 | -1): Promise<boolean> {
    for (const { name, capacity, perSecond } of sender.gates) {
      if ((await takeTokens(this.parts.database, name, tokens, { capacity, perSecond })) === 0) return false;
    }
    return true;
  }

  private start(message: ClaimedMessage, sender: Sender): void {
    const attempt = this.attempt(message, sender).finally(() => {
      this.underWay.delete(attempt);
      this.kick();
    });
    this.underWay.add(attempt);
  }

  private async attempt(message: ClaimedMessage, sender: Sender): Promise<void> {
    const { probe, outcomes, metrics } = this.parts;
    await probe('attempt_recorded');
    const outcome = await this.send(message, sender);
    await probe('accepted');
    const gate = sender.gates[0];
    if (gate && outcome.kind === 'failed' && outcome.retryAfter !== undefined) {
      await pauseGate(this.parts.database, gate.name, outcome.retryAfter).catch(() => undefined);
    }
    metrics.completed({ message, outcome });
    await outcomes.write({ message, outcome });
    await probe('outcome_recorded');
  }

  private async send(message: ClaimedMessage, sender: Sender): Promise<Outcome> {
    try {
      return await sender.send(message);
    } catch (error) {
      this.parts.logger.error({ err: error, deliveryId: message.deliveryId }, 'a sender failed by itself');
      return { kind: 'unknown', reason: 'internal', detail: 'the sender failed; see the log' };
    }
  }

  private async currentSender(): Promise<Sender> {
    const { id, version } = this.state.channel;
    if (this.sender?.version === version) return this.sender.sender;
    const outdated = this.sender;
    this.sender = { version, sender: await this.parts.openSender(id) };
    if (outdated) void Promise.all(this.underWay).then(() => outdated.sender.close());
    return this.sender.sender;
  }
}
