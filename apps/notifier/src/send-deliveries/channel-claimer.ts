import { performance } from 'node:perf_hooks';
import type { Database } from '#libs/database';
import {
  claimableChannel,
  claimMessages,
  isProbeDue,
  pauseGate,
  stopUnusable,
  takeTokens,
  type ClaimableChannel,
  type ClaimedMessage,
  type Outcome,
} from '#libs/deliveries';
import type { Logger } from '#libs/platform';
import { UnsealError } from '#libs/tokens';
import type { DeliveryMetrics } from './delivery-metrics.js';
import type { InFlight } from './in-flight.js';
import type { OutcomeWriter } from './outcome-writer.js';
import type { Probe } from './probe-points.js';
import type { Sender } from './sender.js';

export interface ClaimerParts {
  database: Database;
  logger: Logger;
  metrics: DeliveryMetrics;
  outcomes: OutcomeWriter;
  /** Opens the channel's configuration and makes its sender. */
  openSender: (channelId: string) => Promise<Sender>;
  inFlight: InFlight;
  probe: Probe;
}

/** Outcomes that may wait for their transaction while sending goes on, in multiples of what a channel sends at once. */
const OUTCOMES_BEHIND = 4;

/** A stopped channel takes nothing but tests: it is looked at for one so often. */
const PROBE_LOOK_MS = 1_000;

/** Sends what is due on one channel. Its slots are its own: what hangs here holds up nothing else. */
export class ChannelClaimer {
  private sender: { version: number; sender: Sender } | null = null;
  /** Version of the channel that could not be opened. */
  private unusable: number | null = null;
  /** Until their outcome is on record. */
  private readonly underWay = new Set<Promise<void>>();
  /** Those of them that hold a slot, and how many of these are no first attempts. */
  private sending = 0;
  private retrying = 0;
  private running: Promise<void> | null = null;
  private again = false;
  /** The last claim took all that it could: there may be more. */
  private moreIsDue = false;
  private lookedForProbe = -Infinity;
  private closed = false;

  constructor(
    private state: ClaimableChannel,
    private readonly parts: ClaimerParts,
  ) {}

  /** What the channel's row says now. */
  update(state: ClaimableChannel): void {
    this.state = state;
  }

  /** Something is due: fills every slot that is free; once more when it is looking already. */
  kick(): void {
    this.moreIsDue = true;
    this.look(1);
  }

  /** Resolves when every attempt under way is on record. */
  async close(): Promise<void> {
    this.closed = true;
    await this.running;
    await Promise.all(this.underWay);
    await this.sender?.sender.close();
  }

  /** A slot has become free: looks when half of them are, so that one transaction claims many. */
  private freed(): void {
    const most = this.slotsAtMost();
    if (this.moreIsDue && this.roomForRetries() >= most / 4) this.look(most / 2);
  }

  private look(atLeast: number): void {
    if (this.closed || this.freeSlots() < atLeast) return;
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

  private async run(): Promise<void> {
    do {
      this.again = false;
      while (!this.closed && (await this.claim())) this.again = false;
    } while (this.again && !this.closed);
  }

  private slotsAtMost(): number {
    return this.state.probing ? 1 : (this.sender?.sender.concurrency ?? 1);
  }

  private freeSlots(): number {
    const most = this.slotsAtMost();
    if (this.state.probing || this.underWay.size >= most * OUTCOMES_BEHIND) return most - this.underWay.size;
    return most - this.sending;
  }

  /** Half of the slots are kept for first attempts: however long a backlog of retries hangs, what is new goes out. */
  private roomForRetries(): number {
    const most = this.slotsAtMost();
    return most === 1 ? 1 : Math.max(0, Math.floor(most / 2) - this.retrying);
  }

  /** Whether to claim once more. */
  private async claim(): Promise<boolean> {
    const sender = await this.currentSender();
    if (sender === null) return false;
    const slots = this.freeSlots();
    if (this.state.channel.stoppedReason !== null && !(await this.hasProbe())) return false;
    if (slots <= 0 || !(await this.passGates(sender))) return false;
    const { channel } = this.state;
    const again = Math.min(slots, this.roomForRetries());
    const { outdated, messages } = await claimMessages(this.parts.database, {
      channel,
      slots,
      again,
      digestAbove: sender.digestAbove,
      leaseSeconds: this.parts.inFlight.leaseSeconds,
      underWay: this.parts.inFlight.idsOf(channel.id),
      onlyProbes: channel.stoppedReason !== null,
      render: (members, now) => sender.render(members, now),
    });
    for (const message of messages) this.start(message, sender);
    if (messages.length === 0) await this.returnTokens(sender, sender.gates.length);
    if (outdated) return this.refresh();
    const retries = messages.filter(({ attempt }) => attempt > 1).length;
    const tookAll = messages.length >= slots || sender.digestAbove !== null;
    this.moreIsDue = retries >= again || (messages.length > 0 && tookAll);
    return messages.length > 0 && this.moreIsDue && this.freeSlots() >= this.slotsAtMost() / 2;
  }

  private async hasProbe(): Promise<boolean> {
    const now = performance.now();
    if (now - this.lookedForProbe < PROBE_LOOK_MS) return false;
    this.lookedForProbe = now;
    return isProbeDue(this.parts.database, this.state.channel.id);
  }

  /** Looks at the channel anew: it was changed since the last poll. Whether it may still be claimed. */
  private async refresh(): Promise<boolean> {
    const state = await claimableChannel(this.parts.database, this.state.channel.id);
    if (state) this.state = state;
    return state !== null;
  }

  /** Takes one token of each limit, or none at all. */
  private async passGates(sender: Sender): Promise<boolean> {
    for (const [index, { name, capacity, perSecond }] of sender.gates.entries()) {
      if ((await takeTokens(this.parts.database, name, 1, { capacity, perSecond })) > 0) continue;
      await this.returnTokens(sender, index);
      return false;
    }
    return true;
  }

  private async returnTokens(sender: Sender, ofFirst: number): Promise<void> {
    for (const { name, capacity, perSecond } of sender.gates.slice(0, ofFirst)) {
      await takeTokens(this.parts.database, name, -1, { capacity, perSecond });
    }
  }

  private start(message: ClaimedMessage, sender: Sender): void {
    this.parts.inFlight.add(message);
    this.sending += 1;
    if (message.attempt > 1) this.retrying += 1;
    const attempt = this.attempt(message, sender).finally(() => {
      this.underWay.delete(attempt);
      this.parts.inFlight.delete(message);
      this.freed();
    });
    this.underWay.add(attempt);
  }

  private async attempt(message: ClaimedMessage, sender: Sender): Promise<void> {
    const { probe, outcomes, metrics } = this.parts;
    await probe('attempt_recorded');
    const began = performance.now();
    const outcome = await this.send(message, sender);
    // After a failure the channel may have to rest: nothing takes the slot before that is on record.
    const slotIsFree = outcome.kind === 'delivered';
    if (slotIsFree) this.release(message);
    await probe('accepted');
    const gate = sender.gates[0];
    if (gate && outcome.kind === 'failed' && outcome.retryAfter !== undefined) {
      await pauseGate(this.parts.database, gate.name, outcome.retryAfter).catch(() => undefined);
    }
    // Database time: what this process's own clock says may be far off.
    metrics.completed({ message, outcome }, message.startedAt + performance.now() - began);
    const written = outcomes.write({ message, outcome });
    if (slotIsFree) this.freed();
    await written;
    if (!slotIsFree) this.release(message);
    await probe('outcome_recorded');
  }

  private release({ attempt }: ClaimedMessage): void {
    this.sending -= 1;
    if (attempt > 1) this.retrying -= 1;
  }

  private async send(message: ClaimedMessage, sender: Sender): Promise<Outcome> {
    try {
      return await sender.send(message);
    } catch (error) {
      this.parts.logger.error({ err: error, deliveryId: message.deliveryId }, 'a sender failed by itself');
      return { kind: 'unknown', reason: 'internal', detail: 'the sender failed; see the log' };
    }
  }

  /** Null for a channel whose configuration cannot be opened; asked again when it was changed. */
  private async currentSender(): Promise<Sender | null> {
    const { id, version } = this.state.channel;
    if (this.sender?.version === version) return this.sender.sender;
    if (this.unusable === version) return null;
    const outdated = this.sender;
    try {
      this.sender = { version, sender: await this.parts.openSender(id) };
    } catch (error) {
      if (!(error instanceof UnsealError)) throw error;
      this.parts.logger.error({ err: error, channelId: id }, 'a channel cannot be opened');
      await stopUnusable(this.parts.database, id);
      this.unusable = version;
      return null;
    }
    if (outdated) void Promise.all(this.underWay).then(() => outdated.sender.close());
    return this.sender.sender;
  }
}
