import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { STREAM } from '#libs/contracts';
import { lastPosition } from '#libs/ledger';
import { connectNats, envelopeOf } from '#libs/messaging';
import { startProcess, startTestNats, until } from '#libs/testing';
import { appendMany, createLog } from './log-fixture.js';

const EVENTS = Number(process.env['LEDGER_FAULT_EVENTS'] ?? 4_000);
const KILLS = Number(process.env['LEDGER_FAULT_KILLS'] ?? 8);
/** How long an answer of a busy NATS is waited for. */
const ANSWER_MS = 60_000;
const MAIN = join(import.meta.dirname, '..', '..', '..', 'dist', 'apps', 'sequencer', 'src', 'main.js');

it(
  `JetStream equals PostgreSQL after the relay was killed ${KILLS} times at random while ${EVENTS} events came`,
  async () => {
    await using nats = await startTestNats();
    await using log = await createLog();
    const env = {
      DATABASE_URL: log.url,
      NATS_URL: nats.url,
      LEDGER_SEAL_KEY: Buffer.alloc(32, 7).toString('base64'),
      LEDGER_DATA_DIR: mkdtempSync(join(tmpdir(), 'ledger-')),
    };
    const start = () => startProcess(process.execPath, { args: [MAIN], env });
    const connection = await connectNats({ url: nats.url, name: 'test' });
    const manager = await jetstreamManager(connection, { timeout: ANSWER_MS });
    const relayed = async () => (await manager.streams.info(STREAM).catch(() => null))?.state.last_seq ?? 0;

    const appending = appendMany(log.ledger, EVENTS);
    let sequencer = await start();
    for (let kill = 1; kill <= KILLS; kill += 1) {
      // Each life gets some of the way, so that the kill falls into work; how far is left to chance.
      const goal = Math.min(((await relayed()) + 1 + (Math.random() * EVENTS) / KILLS) | 0, EVENTS);
      // The start of the program is part of it.
      await until(async () => (await relayed()) >= goal, { describe: `${goal} events relayed` });
      await sequencer.kill();
      sequencer = await start();
    }
    await appending;
    await until(async () => (await relayed()) === EVENTS, { describe: 'all events relayed' });
    await sequencer.stop();

    expect(await lastPosition(log.database)).toBe(EVENTS);
    const stored = await log.ledger.readLog({ after: 0, limit: EVENTS });
    expect(stored).toHaveLength(EVENTS);
    const { state } = await manager.streams.info(STREAM);
    expect([state.messages, state.first_seq, state.last_seq]).toEqual([EVENTS, 1, EVENTS]);
    for (let at = 0; at < EVENTS; at += 200) {
      await Promise.all(
        stored.slice(at, at + 200).map(async ({ position, id, leaf, version }) => {
          const message = await manager.streams.getMessage(STREAM, { seq: position });
          const envelope = message && envelopeOf({ data: message.data });
          expect(envelope).toMatchObject({ id, leaf, position, streamversion: version });
        }),
      );
    }
    await connection.close();
  },
  300_000 + KILLS * 90_000,
);
