import { ALERT_LEVELS, type ChannelType } from '#libs/contracts';
import { FAILURE_REASONS, type AttemptResult, type MissedAlerts } from '#libs/deliveries';
import { Counter, Gauge, Histogram, type Registry } from '#libs/platform';

const TYPES: ChannelType[] = ['telegram', 'email', 'webhook'];
const OUTCOMES = ['delivered', 'failed', 'unknown'] as const;

/** All labels exist from the start: an alert on a counter that never moved must not read "no data". */
export class DeliveryMetrics {
  private readonly attempts: Counter<'type' | 'outcome'>;
  private readonly failures: Counter<'type' | 'reason'>;
  private readonly oldest: Gauge<'type'>;
  private readonly latency: Histogram<'type'>;
  private readonly missedAlerts: Counter<'level'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.attempts = new Counter({
      name: 'ledger_delivery_attempts_total',
      help: 'Delivery attempts by channel type and outcome',
      labelNames: ['type', 'outcome'],
      registers,
    });
    this.failures = new Counter({
      name: 'ledger_delivery_failures_total',
      help: 'Delivery attempts without success by channel type and reason',
      labelNames: ['type', 'reason'],
      registers,
    });
    this.oldest = new Gauge({
      name: 'ledger_delivery_oldest_pending_seconds',
      help: 'How long the oldest delivery that is due has been waiting, by channel type',
      labelNames: ['type'],
      registers,
    });
    this.latency = new Histogram({
      name: 'ledger_delivery_latency_seconds',
      help: 'From the event to its delivery, by channel type',
      labelNames: ['type'],
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600],
      registers,
    });
    this.missedAlerts = new Counter({
      name: 'ledger_alerts_missed_total',
      help: 'Alerts whose event was read after their deadline, by level: recorded as dead, never sent',
      labelNames: ['level'],
      registers,
    });
    for (const level of ALERT_LEVELS) this.missedAlerts.inc({ level }, 0);
    for (const type of TYPES) {
      for (const outcome of OUTCOMES) this.attempts.inc({ type, outcome }, 0);
      for (const reason of FAILURE_REASONS) this.failures.inc({ type, reason }, 0);
      this.oldest.set({ type }, 0);
      this.latency.zero({ type });
    }
  }

  /** `now`: epoch milliseconds. */
  completed({ message, outcome }: AttemptResult, now: number): void {
    const type = message.channelType;
    this.attempts.inc({ type, outcome: outcome.kind });
    if (outcome.kind !== 'delivered') this.failures.inc({ type, reason: outcome.reason });
    else
      for (const { envelope } of message.members.slice(0, 1))
        this.latency.observe({ type }, secondsSince(envelope, now));
  }

  missed(missed: MissedAlerts): void {
    for (const level of ALERT_LEVELS) this.missedAlerts.inc({ level }, missed[level]);
  }

  waiting(type: ChannelType, seconds: number): void {
    this.oldest.set({ type }, seconds);
  }
}

function secondsSince(envelope: string, now: number): number {
  const { time } = JSON.parse(envelope) as { time: string };
  return Math.max(0, (now - Date.parse(time)) / 1000);
}
