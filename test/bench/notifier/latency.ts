import { until, WebhookReceiver } from '#libs/testing';
import { NotifierFixture } from '../../faults/notifier/notifier-fixture.js';
import type { BenchPostgres } from './bench-database.js';
import { quantile, type BenchRow } from './rows.js';

const EVENTS = 200;

/** From the moment the log hands an event over to its arrival at the receiver, one at a time. */
export async function measureLatency(postgres: BenchPostgres): Promise<BenchRow[]> {
  await using fixture = await NotifierFixture.start({}, await postgres.fresh());
  await using webhook = await WebhookReceiver.start();
  await fixture.webhook(webhook.url);
  const session = await fixture.warnedSession();
  const latencies: number[] = [];
  for (let n = 1; n <= EVENTS; n++) {
    const event = fixture.expiringSoon(session);
    const started = Date.now();
    await fixture.takeIn(event);
    await until(() => webhook.received.length === n, { describe: 'the delivery' });
    latencies.push(webhook.received[n - 1]!.receivedAt - started);
  }
  await fixture.settled();
  return [
    { figure: 'event → delivered, p50', value: quantile(latencies, 0.5), unit: 'ms' },
    { figure: 'event → delivered, p99', value: quantile(latencies, 0.99), unit: 'ms' },
  ];
}
