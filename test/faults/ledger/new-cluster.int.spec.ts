import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { STREAM } from '#libs/contracts';
import { Database } from '#libs/database';
import { EmbeddedPostgres } from '#libs/embedded';
import { createLedger, lastPosition, LogTree, relayState } from '#libs/ledger';
import { connectNats } from '#libs/messaging';
import { auditPosition } from '#libs/read-models';
import { startTestNats, testEnvironment, testLogger, until } from '#libs/testing';
import { startProjector } from '../../../apps/projector/src/start-projector.js';
import { startSequencer } from '../../../apps/sequencer/src/start-sequencer.js';
import { copyDatabase } from './copy-database.js';
import { appendMany, createLog, sequenceCount, serviceConfig } from './log-fixture.js';

const logger = testLogger('test');

it('every row copied into a new cluster: the next epoch opens by itself, nothing is skipped, readers go on', async () => {
  await using log = await createLog();
  await appendMany(log.ledger, 60, 6);
  const client = await log.database.connect();
  await sequenceCount(client, 40);
  client.release();
  const before = await log.ledger.readLog({ after: 0, limit: 100 });
  const root = await new LogTree(log.database).root(40);

  const dataDir = mkdtempSync(join(testEnvironment().runDir, 'postgres', 'new-cluster-'));
  await using cluster = await EmbeddedPostgres.start({ dataDir, database: 'restored' });
  await using _migrated = await Database.open({ url: cluster.url, applicationName: 'restore' });
  await copyDatabase(log.url, cluster.url);

  await using nats = await startTestNats();
  const config = serviceConfig(cluster.url, nats.url);
  const services = [await startSequencer({ config, logger }), await startProjector({ config, logger })];
  await using database = await Database.open({ url: cluster.url, applicationName: 'restored' });
  const ledger = createLedger(database);
  const connection = await connectNats({ url: nats.url, name: 'test' });
  try {
    await appendMany(ledger, 20, 4);
    const manager = await jetstreamManager(connection);
    await until(async () => (await manager.streams.info(STREAM)).state.last_seq === 80, {
      describe: 'all 80 relayed',
    });
    await until(async () => (await auditPosition(database)) === 80, { describe: 'projected' });
    const after = await ledger.readLog({ after: 0, limit: 100 });
    expect(after.slice(0, 40)).toEqual(before);
    expect(after.map(({ position }) => position)).toEqual(Array.from({ length: 80 }, (_, index) => index + 1));
    expect(new Set(after.map(({ id }) => id)).size).toBe(80);
    expect(await new LogTree(database).root(40)).toEqual(root);
    expect(await database.query('select epoch from ledger.log')).toEqual([{ epoch: 2 }]);
    expect(await relayState(database)).toEqual({ forked: null, adoptRequested: false });
    expect(await lastPosition(database)).toBe(80);
  } finally {
    await connection.close();
    for (const service of services) await service.close();
  }
});
