import { expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { CHECKPOINT_SUBJECT, STREAM } from '#libs/contracts';
import { CheckpointStore, LogKeys } from '#libs/ledger';
import { connectNats } from '#libs/messaging';
import { openCheckpoint, parseVerifierKey } from '#libs/proof';
import { startTestNats, testLogger, until } from '#libs/testing';
import { startSequencer } from '../../../apps/sequencer/src/start-sequencer.js';
import { appendMany, createLog, serviceConfig } from './log-fixture.js';

it('every checkpoint that counts reaches the bus: also one that was signed while the bus was away', async () => {
  await using nats = await startTestNats();
  await using log = await createLog();
  const logger = testLogger('test');
  const service = await startSequencer({ config: serviceConfig(log.url, nats.url), logger });
  const connection = await connectNats({ url: nats.url, name: 'witness' });
  const manager = await jetstreamManager(connection);
  const store = new CheckpointStore(log.database);
  const published = async () => {
    const message = await manager.streams.getMessage(`${STREAM}_CHECKPOINTS`, { last_by_subj: CHECKPOINT_SUBJECT });
    return message?.string() ?? null;
  };
  const signed = (size: number) =>
    until(async () => (await store.latest())?.size === size, { describe: `${size} signed` });
  try {
    await appendMany(log.ledger, 40);
    await signed(40);
    await until(async () => (await published()) === (await store.latest())?.note, { describe: 'the first on the bus' });
    await nats.kill();
    await appendMany(log.ledger, 10);
    await signed(50);
    await nats.restart();
    const note = await until(
      async () => {
        const newest = await published();
        return newest === (await store.latest())?.note ? newest : null;
      },
      { describe: 'the one that waited' },
    );
    const keys = (await new LogKeys(log.database).verifiers()).map(parseVerifierKey);
    expect(openCheckpoint(note, keys)).toMatchObject({ size: 50, root: (await store.latest())?.root });
  } finally {
    await connection.close();
    await service.close();
  }
});
