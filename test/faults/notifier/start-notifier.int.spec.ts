import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { FAILURE_REASONS } from '#libs/deliveries';
import { loadConfig } from '#libs/platform';
import { createTestDatabase, startTestNats, testLogger, until } from '#libs/testing';
import { startNotifier } from '../../../apps/notifier/src/start-notifier.js';

describe('startNotifier', () => {
  it('is ready, answers its health and metrics with all labels, and closes cleanly', async () => {
    await using database = await createTestDatabase();
    await using nats = await startTestNats();
    const config = loadConfig({
      DATABASE_URL: database.url,
      NATS_URL: nats.url,
      LEDGER_DATA_DIR: mkdtempSync(join(tmpdir(), 'notifier-')),
    });
    const service = await startNotifier({ config, logger: testLogger('notifier') });
    try {
      const ready = await until(async () => (await fetch(`${service.url}/health/ready`)).ok, { describe: 'readiness' });
      expect(ready).toBe(true);
      const metrics = await (await fetch(`${service.url}/metrics`)).text();
      for (const type of ['telegram', 'email', 'webhook']) {
        const labels = `type="${type}"`;
        const of = (name: string, more = ''): string => `${name}{${more}${labels}`;
        for (const outcome of ['delivered', 'failed', 'unknown']) {
          expect(metrics).toContain(
            `ledger_delivery_attempts_total{${labels},outcome="${outcome}",service="notifier"} 0`,
          );
        }
        for (const reason of FAILURE_REASONS) {
          expect(metrics).toContain(
            `ledger_delivery_failures_total{${labels},reason="${reason}",service="notifier"} 0`,
          );
        }
        expect(metrics).toContain(`${of('ledger_delivery_oldest_pending_seconds')},service="notifier"} 0`);
        expect(metrics).toMatch(new RegExp(`ledger_delivery_latency_seconds_count\\{[^}]*${labels}[^}]*\\} 0`));
      }
    } finally {
      await service.close();
    }
  });
});
