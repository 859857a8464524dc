import { performance } from 'node:perf_hooks';
import type { Database } from '#libs/database';
import { renewLeases, type ClaimedMessage } from '#libs/deliveries';
import type { Logger } from '#libs/platform';

/** A lease is renewed when so much of it has passed: two renewals may fail before it ends. */
const RENEW_AT = 1 / 3;

interface Held {
  message: ClaimedMessage;
  /** Monotonic milliseconds. */
  since: number;
}

/**
 * What this process is sending. Its leases are renewed while it lives, so that a slow far side or a slow machine is not taken
 * for a dead worker; and it never takes over from itself, however late it is.
 */
export class InFlight {
  private readonly held = new Map<string, Held>();
  private timer: NodeJS.Timeout | null = null;
  private renewing: Promise<void> | null = null;

  constructor(
    private readonly database: Database,
    private readonly logger: Logger,
    readonly leaseSeconds: number,
  ) {}

  start(): void {
    const everyMs = (this.leaseSeconds * 1000 * RENEW_AT) / 2;
    this.timer = setInterval(() => {
      this.renewing ??= this.renew().finally(() => (this.renewing = null));
    }, everyMs);
  }

  add(message: ClaimedMessage): void {
    this.held.set(message.deliveryId, { message, since: performance.now() });
  }

  delete(message: ClaimedMessage): void {
    this.held.delete(message.deliveryId);
  }

  idsOf(channelId: string): string[] {
    return [...this.held.values()]
      .filter(({ message }) => message.channelId === channelId)
      .map(({ message }) => message.deliveryId);
  }

  async close(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    await this.renewing;
  }

  private async renew(): Promise<void> {
    const now = performance.now();
    const old = [...this.held.values()].filter(({ since }) => now - since >= this.leaseSeconds * 1000 * RENEW_AT);
    if (old.length === 0) return;
    try {
      const messages = old.map(({ message }) => message);
      await renewLeases(this.database, messages, this.leaseSeconds);
      for (const each of old) each.since = now;
    } catch (error) {
      this.logger.warn({ err: error, messages: old.length }, 'leases of messages under way cannot be renewed yet');
    }
  }
}
