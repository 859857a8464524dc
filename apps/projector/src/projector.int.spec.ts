import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { agentStream } from '#libs/contracts';
import { Database } from '#libs/database';
import { createLedger } from '#libs/ledger';
import { createLogger, loadConfig } from '#libs/platform';
import { auditPosition, queryAudit } from '#libs/read-models';
import { createTestDatabase, startTestNats, until } from '#libs/testing';
import { startSequencer } from '../../sequencer/src/start-sequencer.js';
import { startProjector } from './start-projector.js';

it('shows an appended event in the audit search', async () => {
  await using nats = await startTestNats();
  await using place = await createTestDatabase();
  await using database = await Database.open({ url: place.url, applicationName: 'test' });
  const ledger = createLedger(database);
  const logger = createLogger({ service: 'test', level: process.env['TEST_LOG'] ?? 'silent' });
  const sealKey = Buffer.alloc(32, 1).toString('base64');
  const config = loadConfig({ DATABASE_URL: place.url, NATS_URL: nats.url, LEDGER_SEAL_KEY: sealKey });
  const services = [await startSequencer({ config, logger }), await startProjector({ config, logger })];
  try {
    for (let i = 1; i <= 50; i += 1) {
      const agentId = randomUUID();
      const data = { agentId, name: agentId, defaultConstraints: {} };
      const events = [{ id: randomUUID(), time: Date.now(), type: 'AgentRegistered' as const, data }];
      const streams = [{ streamId: agentStream(agentId), expectedVersion: 0, events }];
      await ledger.append({ streams, actor: 'owner', requestId: 'test' });
    }
    await until(async () => (await auditPosition(database)) === 50, { describe: 'all 50 projected' });
    const page = await queryAudit(database, { limit: 20, type: 'AgentRegistered' }, { source: 'urn:test' });
    expect(page.items.map(({ position }) => position)).toEqual(Array.from({ length: 20 }, (_, i) => 50 - i));
    expect(page.nextCursor).not.toBeNull();
  } finally {
    for (const service of services) await service.close();
  }
});
