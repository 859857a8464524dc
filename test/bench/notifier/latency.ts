import { mkdtempSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedNats } from '#libs/embedded';
import { createLedger } from '#libs/ledger';
import { appendHint, connectNats } from '#libs/messaging';
import { createLogger, loadConfig, newId } from '#libs/platform';
import { revokeSession } from '#libs/session';
import { until, WebhookReceiver } from '#libs/testing';
import { startNotifier } from '../../../apps/notifier/src/start-notifier.js';
import { startSequencer } from '../../../apps/sequencer/src/start-sequencer.js';
import { NotifierFixture } from '../../faults/notifier/notifier-fixture.js';
import { appendTo } from '../../faults/notifier/sessions-in-ledger.js';
import { TEST_SEAL_KEY } from '../../faults/notifier/test-seal-key.js';
import type { BenchPostgres } from './bench-database.js';
import { quantile, type BenchRow } from './rows.js';

const EVENTS = 200;
/** Not counted: connections are opened, code is compiled. */
const WARM_UP = 20;
const SILENT = createLogger({ service: 'bench', level: 'silent' });

/**
 * From the call of `append` to the arrival at the receiver, one event at a time: ledger, sequencer, relay, JetStream, notifier,
 * webhook, as in a deployment.
 */
export async function measureLatency(postgres: BenchPostgres, folder: string): Promise<BenchRow[]> {
  const testDatabase = await postgres.fresh();
  await using fixture = await NotifierFixture.start({}, testDatabase);
  // The one that is measured is started by its own door.
  await fixture.notifier.close();
  await using webhook = await WebhookReceiver.start();
  await fixture.webhook(webhook.url, { events: ['SessionRevoked'] });
  await using nats = await EmbeddedNats.start({
    dataDir: mkdtempSync(join(folder, 'nats-')),
    cacheDir: join(homedir(), '.cache', 'session-ledger'),
  });
  const connection = await connectNats({ url: nats.url, name: 'bench' });
  const ledger = createLedger(fixture.database, { onAppended: appendHint(connection) });
  const config = loadConfig({
    DATABASE_URL: testDatabase.url,
    NATS_URL: nats.url,
    LEDGER_SEAL_KEY: TEST_SEAL_KEY,
    LEDGER_ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
    LEDGER_DATA_DIR: mkdtempSync(join(folder, 'data-')),
  });
  const sequencer = await startSequencer({ config, logger: SILENT });
  const notifier = await startNotifier({ config, logger: SILENT });
  try {
    const agentId = newId();
    await fixture.registerAgent(agentId, Math.floor(Date.now() / 1000));
    const latencies: number[] = [];
    for (let n = 1; n <= WARM_UP + EVENTS; n++) {
      const session = await fixture.session({ agentId });
      const now = await ledger.now();
      const events = [revokeSession(session, { now: Math.floor(now / 1000), trigger: 'manual_revoke' })!];
      const started = Date.now();
      await appendTo(ledger, [{ state: session, events }], now);
      await until(() => webhook.received.length === n, { describe: 'the delivery', pollMs: 1 });
      if (n > WARM_UP) latencies.push(webhook.received[n - 1]!.receivedAt - started);
    }
    await fixture.settled();
    return [
      { figure: 'append → webhook received, p50', value: quantile(latencies, 0.5), unit: 'ms' },
      { figure: 'append → webhook received, p99', value: quantile(latencies, 0.99), unit: 'ms' },
    ];
  } finally {
    await notifier.close();
    await sequencer.close();
    await connection.close();
  }
}
