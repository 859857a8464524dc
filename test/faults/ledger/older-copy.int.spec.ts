import { expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { STREAM } from '#libs/contracts';
import { Database } from '#libs/database';
import { createLedger, lastPosition, relayState, requestAdopt } from '#libs/ledger';
import { connectNats } from '#libs/messaging';
import type { RunningService } from '#libs/platform';
import { auditPosition } from '#libs/read-models';
import { startTestNats, testLogger, until } from '#libs/testing';
import { startProjector } from '../../../apps/projector/src/start-projector.js';
import { startSequencer } from '../../../apps/sequencer/src/start-sequencer.js';
import { copyDatabase } from './copy-database.js';
import { appendMany, createLog, serviceConfig } from './log-fixture.js';

const logger = testLogger('test');

it('an older copy of the database behind a newer stream: the relay stops; adopting mends stream, read models and readers', async () => {
  await using nats = await startTestNats();
  await using newer = await createLog();
  await using older = await createLog();
  const connection = await connectNats({ url: nats.url, name: 'test' });
  const manager = await jetstreamManager(connection);
  const streamEnd = async () => (await manager.streams.info(STREAM).catch(() => null))?.state.last_seq ?? -1;
  const running: RunningService[] = [];
  const start = async (service: typeof startSequencer, url: string) => {
    running.push(await service({ config: serviceConfig(url, nats.url), logger }));
  };
  const stopAll = async () => {
    while (running.length > 0) await running.pop()?.close();
  };
  try {
    await start(startSequencer, newer.url);
    await start(startProjector, newer.url);
    await appendMany(newer.ledger, 30);
    await until(async () => (await auditPosition(newer.database)) === 30, { describe: 'projected' });
    await newer.database.query(`update deliveries.checkpoint set position = 30`);
    await stopAll();
    await copyDatabase(newer.url, older.url);
    await start(startSequencer, newer.url);
    await appendMany(newer.ledger, 10);
    await until(async () => (await streamEnd()) === 40, { describe: '40 relayed' });
    await stopAll();

    await using database = await Database.open({ url: older.url, applicationName: 'older' });
    const ledger = createLedger(database);
    // As if the notifier had heard the newer stream out before anybody looked.
    await database.query('update deliveries.checkpoint set position = 40');
    await start(startProjector, older.url);
    await until(async () => (await auditPosition(database)) === 40, { describe: 'foreign events projected' });
    await start(startSequencer, older.url);
    const { forked } = await until(
      async () => {
        const state = await relayState(database);
        return state.forked === null ? null : state;
      },
      { describe: 'the fork' },
    );
    expect(forked).toContain('the database is an older copy');
    await appendMany(ledger, 5);
    await until(async () => (await lastPosition(database)) === 35, { describe: 'sequencing goes on' });
    expect(await streamEnd()).toBe(40);

    expect(await requestAdopt(database)).toBe(true);
    await until(async () => (await streamEnd()) === 35, { describe: 'the stream rebuilt' });
    await until(async () => (await auditPosition(database)) === 35, {
      describe: 'the read models rebuilt by themselves',
    });
    // Positions that both histories had are not given to the notifier again; those that only one had are.
    expect(await database.query('select position from deliveries.checkpoint')).toEqual([{ position: 30 }]);
    await appendMany(ledger, 5);
    await until(async () => (await auditPosition(database)) === 40, { describe: 'they go on' });
    const wrong = await database.query(`
      select position from ledger.entry e join ledger.event v using (stream_id, version)
      full join read_model.audit a using (position)
      where a.stream_id is distinct from v.stream_id or a.version is distinct from v.version`);
    expect(wrong).toEqual([]);
    expect(await database.query('select from read_model.generation where live and rebuild_due')).toEqual([]);
  } finally {
    await stopAll();
    await connection.close();
  }
});
