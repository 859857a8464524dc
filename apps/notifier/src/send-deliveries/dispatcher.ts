import { claimableChannels, expireDeliveries, type ClaimableChannel } from '#libs/deliveries';
import { ChannelClaimer, type ClaimerParts } from './channel-claimer.js';

const POLL_MS = 250;
const EXPIRE_AT_ONCE = 500;

/** One claimer for each enabled channel; looks several times a second which of them have something to do. */
export class Dispatcher {
  private readonly claimers = new Map<string, ChannelClaimer>();
  /** Of channels that were turned off or removed: they end what they have under way. */
  private readonly leaving = new Set<Promise<void>>();
  private timer: NodeJS.Timeout | null = null;
  private polling: Promise<void> | null = null;
  private pollAgain = false;
  private closed = false;

  constructor(private readonly parts: ClaimerParts) {}

  start(): void {
    this.poll();
  }

  /** Something was queued: look now. */
  wake(): void {
    this.poll();
  }

  /** Stops claiming; resolves when all attempts under way are on record. */
  async close(): Promise<void> {
    this.closed = true;
    if (this.timer) clearTimeout(this.timer);
    await this.polling;
    await Promise.all([...this.leaving, ...[...this.claimers.values()].map((claimer) => claimer.close())]);
  }

  private poll(): void {
    if (this.closed) return;
    if (this.polling) {
      this.pollAgain = true;
      return;
    }
    if (this.timer) clearTimeout(this.timer);
    this.polling = this.look()
      .catch((error: unknown) => this.parts.logger.warn({ err: error }, 'cannot look for due deliveries yet'))
      .finally(() => {
        this.polling = null;
        if (this.closed) return;
        if (!this.pollAgain) this.timer = setTimeout(() => this.poll(), POLL_MS);
        else this.poll();
        this.pollAgain = false;
      });
  }

  private async look(): Promise<void> {
    await expireDeliveries(this.parts.database, EXPIRE_AT_ONCE);
    const channels = await claimableChannels(this.parts.database);
    this.forgetRemoved(channels);
    const waiting = { telegram: 0, email: 0, webhook: 0 };
    for (const state of channels) {
      const claimer = this.claimerOf(state);
      const { type } = state.channel;
      waiting[type] = Math.max(waiting[type], state.overdueMs / 1000);
      if (state.dueInMs === 0 && state.restsForMs === 0) claimer.kick();
    }
    for (const type of ['telegram', 'email', 'webhook'] as const) this.parts.metrics.waiting(type, waiting[type]);
  }

  private claimerOf(state: ClaimableChannel): ChannelClaimer {
    const { id } = state.channel;
    const claimer = this.claimers.get(id) ?? new ChannelClaimer(state, this.parts);
    claimer.update(state);
    this.claimers.set(id, claimer);
    return claimer;
  }

  private forgetRemoved(channels: ClaimableChannel[]): void {
    const known = new Set(channels.map(({ channel }) => channel.id));
    for (const [id, claimer] of this.claimers) {
      if (known.has(id)) continue;
      this.claimers.delete(id);
      const ended = claimer
        .close()
        .catch((error: unknown) => this.parts.logger.warn({ err: error, channelId: id }, 'a sender does not close'))
        .finally(() => this.leaving.delete(ended));
      this.leaving.add(ended);
    }
  }
}
