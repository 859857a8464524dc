import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { agentStream, STREAM } from '#libs/contracts';
import { Database } from '#libs/database';
import { CheckpointStore, createLedger, LogKeys, LogTree, type Ledger } from '#libs/ledger';
import { appendHint, connectNats, envelopeOf } from '#libs/messaging';
import { loadConfig } from '#libs/platform';
import { openCheckpoint, parseVerifierKey } from '#libs/proof';
import { createTestDatabase, startTestNats, testLogger, until } from '#libs/testing';
import { startSequencer } from './start-sequencer.js';

async function register(ledger: Ledger): Promise<string> {
  const agentId = randomUUID();
  const data = { agentId, name: agentId, defaultConstraints: {} };
  await ledger.append({
    streams: [
      {
        streamId: agentStream(agentId),
        expectedVersion: 0,
        events: [{ id: randomUUID(), time: Date.now(), type: 'AgentRegistered', data }],
      },
    ],
    actor: 'owner',
    requestId: 'test',
  });
  return agentId;
}

describe('the sequencer', () => {
  it('gives dense positions, relays them with sequence = position, and signs what it relayed', async () => {
    await using nats = await startTestNats();
    await using place = await createTestDatabase();
    await using database = await Database.open({ url: place.url, applicationName: 'test' });
    const connection = await connectNats({ url: nats.url, name: 'test' });
    const ledger = createLedger(database, { onAppended: appendHint(connection) });
    const logger = testLogger('sequencer');
    const config = loadConfig({
      DATABASE_URL: place.url,
      NATS_URL: nats.url,
      LEDGER_DATA_DIR: mkdtempSync(join(tmpdir(), 'ledger-')),
    });
    const service = await startSequencer({ config, logger });
    const manager = await jetstreamManager(connection);
    const agents: string[] = [];
    // As many at once as there are connections: whoever waited for one would give up after seconds in which nobody got a turn.
    while (agents.length < 600) agents.push(...(await Promise.all(Array.from({ length: 10 }, () => register(ledger)))));
    await until(async () => (await manager.streams.info(STREAM)).state.last_seq === agents.length, {
      describe: 'all events in the stream',
    });

    const stored = await ledger.readLog({ after: 0, limit: 1000 });
    expect(stored.map(({ position }) => position)).toEqual(agents.map((_, index) => index + 1));
    for (const event of stored.slice(0, 20)) {
      const message = await manager.streams.getMessage(STREAM, { seq: event.position });
      expect(envelopeOf({ data: message!.data })).toMatchObject({ id: event.id, leaf: event.leaf });
    }

    const checkpoints = new CheckpointStore(database);
    const latest = await until(
      async () => {
        const newest = await checkpoints.latest();
        return newest?.size === agents.length ? newest : null;
      },
      { describe: 'a checkpoint over all' },
    );
    const keys = (await new LogKeys(database).verifiers()).map(parseVerifierKey);
    const opened = openCheckpoint(latest.note, keys);
    expect(opened?.size).toBe(agents.length);
    expect(opened?.root).toEqual(await new LogTree(database).root(agents.length));
    await service.close();
    await connection.close();
  });
});
