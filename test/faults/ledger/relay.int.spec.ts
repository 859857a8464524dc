import { afterEach, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { LOG_SUBJECTS, STREAM, type CloudEvent } from '#libs/contracts';
import { lastPosition, relayState, requestAdopt } from '#libs/ledger';
import { connectNats, envelopeOf } from '#libs/messaging';
import type { RunningService } from '#libs/platform';
import { auditPosition } from '#libs/read-models';
import { startTestNats, testLogger, type TestNats, until } from '#libs/testing';
import { startProjector } from '../../../apps/projector/src/start-projector.js';
import { startSequencer } from '../../../apps/sequencer/src/start-sequencer.js';
import { appendMany, appendTo, createLog, sequenceCount, serviceConfig, type LogFixture } from './log-fixture.js';

const logger = testLogger('test');
const opened: AsyncDisposable[] = [];
/** How long NATS is away while appends go on, milliseconds. */
const OUTAGE_MS = Number(process.env['LEDGER_OUTAGE_MS'] ?? 0);
/** How long an answer of a busy NATS is waited for. */
const ANSWER_MS = 60_000;

afterEach(async () => {
  while (opened.length > 0) await opened.pop()?.[Symbol.asyncDispose]();
});

interface Bus {
  nats: TestNats;
  connection: NatsConnection;
  manager: JetStreamManager;
}

async function openBus(): Promise<Bus> {
  const nats = await startTestNats();
  opened.push(nats);
  const connection = await connectNats({ url: nats.url, name: 'test' });
  opened.push({ [Symbol.asyncDispose]: () => connection.close() });
  return { nats, connection, manager: await jetstreamManager(connection, { timeout: ANSWER_MS }) };
}

async function openLog(): Promise<LogFixture> {
  const log = await createLog();
  opened.push(log);
  return log;
}

async function start(service: typeof startSequencer, log: LogFixture, nats: TestNats): Promise<RunningService> {
  const running = await service({ config: serviceConfig(log.url, nats.url), logger });
  opened.push({ [Symbol.asyncDispose]: () => running.close() });
  return running;
}

async function streamEnd({ manager }: Bus): Promise<number> {
  return (await manager.streams.info(STREAM).catch(() => null))?.state.last_seq ?? -1;
}

/** Every message of the stream, against the store. */
async function expectSame(bus: Bus, log: LogFixture, from: number, to: number): Promise<void> {
  const stored = await log.ledger.readLog({ after: from - 1, limit: to - from + 1 });
  expect(stored.map(({ position }) => position)).toEqual(Array.from({ length: to - from + 1 }, (_, i) => from + i));
  for (const { position, id, leaf } of stored) {
    const message = await bus.manager.streams.getMessage(STREAM, { seq: position });
    expect(message && envelopeOf({ headers: message.header, data: message.data })).toMatchObject({
      id,
      leaf,
      position,
    });
  }
}

describe('the relay', () => {
  it('catches up after NATS was down while appends went on', async () => {
    const [bus, log] = [await openBus(), await openLog()];
    await start(startSequencer, log, bus.nats);
    await start(startProjector, log, bus.nats);
    await appendMany(log.ledger, 100);
    await until(async () => (await streamEnd(bus)) === 100, { describe: '100 relayed' });
    await bus.nats.kill();
    const back = performance.now() + OUTAGE_MS;
    let all = 100;
    do {
      await appendMany(log.ledger, 300);
      all += 300;
    } while (performance.now() < back);
    // Positions and read models go on without the bus.
    await until(async () => (await auditPosition(log.database)) === all, { describe: 'projected' });
    await bus.nats.restart();
    await until(async () => (await streamEnd(bus)) === all, { describe: 'all relayed' });
    await expectSame(bus, log, 1, all);
  }, 600_000);

  it('goes on behind a stream whose messages have all aged out; nobody can purge it or delete of it', async () => {
    const [bus, log] = [await openBus(), await openLog()];
    const config = { ...serviceConfig(log.url, bus.nats.url), streamMaxAge: 1 };
    const service = await startSequencer({ config, logger });
    opened.push({ [Symbol.asyncDispose]: () => service.close() });
    await start(startProjector, log, bus.nats);
    await appendMany(log.ledger, 40);
    await until(async () => (await streamEnd(bus)) === 40, { describe: '40 relayed' });
    await expect(bus.manager.streams.purge(STREAM)).rejects.toThrow();
    await expect(bus.manager.streams.deleteMessage(STREAM, 40)).rejects.toThrow();
    const isEmpty = async () => (await bus.manager.streams.info(STREAM)).state.messages === 0;
    await until(isEmpty, { describe: 'all to age out' });
    await appendMany(log.ledger, 20);
    await until(async () => (await streamEnd(bus)) === 60, { describe: 'relayed on from 41' });
    await until(async () => (await auditPosition(log.database)) === 60, { describe: 'projected' });
  });

  it('makes a deleted stream anew at the right sequence, and readers go on', async () => {
    const [bus, log] = [await openBus(), await openLog()];
    await start(startSequencer, log, bus.nats);
    await start(startProjector, log, bus.nats);
    await appendMany(log.ledger, 150);
    await until(async () => (await streamEnd(bus)) === 150, { describe: '150 relayed' });
    await bus.manager.streams.delete(STREAM);
    await appendMany(log.ledger, 50);
    await until(async () => (await streamEnd(bus)) === 200, { describe: 'rebuilt' });
    await expectSame(bus, log, 1, 200);
    await appendTo(log.ledger);
    await until(async () => (await auditPosition(log.database)) === 201, { describe: 'projected' });
    const { config } = await bus.manager.streams.info(STREAM);
    expect([config.deny_delete, config.deny_purge]).toEqual([true, true]);
  });

  it('begins a new stream at the first event of its window, with the right sequence', async () => {
    const [bus, log] = [await openBus(), await openLog()];
    const service = await startSequencer({ config: serviceConfig(log.url, bus.nats.url), logger });
    await appendMany(log.ledger, 120);
    await until(async () => (await streamEnd(bus)) === 120, { describe: '120 relayed' });
    await service.close();
    await bus.manager.streams.delete(STREAM);
    // All that was recorded so far is older than the stream's age.
    await log.database.query('select pg_sleep(1.1)');
    const config = { ...serviceConfig(log.url, bus.nats.url), streamMaxAge: 1 };
    const again = await startSequencer({ config, logger });
    opened.push({ [Symbol.asyncDispose]: () => again.close() });
    // Where the stream begins is decided by then: an event that had to wait longer than a second would lie before it.
    await until(async () => (await streamEnd(bus)) === 120, { describe: 'the new stream' });
    // It is kept for a second only: heard as it passes.
    const heard: CloudEvent[] = [];
    const callback = (_: Error | null, message: Msg): void => {
      const event = envelopeOf(message);
      if (event) heard.push(event);
    };
    bus.connection.subscribe(LOG_SUBJECTS, { callback });
    await bus.connection.flush();
    const id = await appendTo(log.ledger);
    await until(async () => (await streamEnd(bus)) === 121, { describe: 'relayed at 121' });
    await until(() => heard.length > 0, { describe: 'the event' });
    expect(heard[0]).toMatchObject({ id, position: 121 });
    // As the server can: by its own means from 2.10, before that behind empty messages.
    const [major = 0, minor = 0] = (bus.connection.info?.version ?? '').split('.').map(Number);
    const beginsAnywhere = major > 2 || minor >= 10;
    const made = await bus.manager.streams.info(STREAM);
    expect(made.config.first_seq).toBe(beginsAnywhere ? 121 : undefined);
    if (beginsAnywhere) expect(made.state.first_seq).toBeGreaterThanOrEqual(121);
  });

  it('stops at another history, says so, and rebuilds the stream once the store’s is adopted', async () => {
    const [bus, log] = [await openBus(), await openLog()];
    const first = await startSequencer({ config: serviceConfig(log.url, bus.nats.url), logger });
    await appendMany(log.ledger, 30);
    await until(async () => (await streamEnd(bus)) === 30, { describe: '30 relayed' });
    await first.close();
    // The database is an older copy: here another ledger, shorter, behind the same stream.
    const older = await openLog();
    await appendMany(older.ledger, 20);
    const service = await start(startSequencer, older, bus.nats);
    const found = await until(async () => (await relayState(older.database)).forked, { describe: 'the fork' });
    expect(found).toContain('the stream ends at 30');
    const metrics = async () => (await fetch(`${service.url}/metrics`)).text();
    await until(async () => /ledger_log_forked\{[^}]*\} 1/.test(await metrics()), {
      describe: 'the metric of the fork',
    });
    await appendTo(older.ledger);
    await until(async () => (await lastPosition(older.database)) === 21, { describe: 'sequencing goes on' });
    expect(await streamEnd(bus)).toBe(30);

    expect(await requestAdopt(older.database)).toBe(true);
    await until(async () => (await streamEnd(bus)) === 21, { describe: 'the rebuilt stream' });
    await expectSame(bus, older, 1, 21);
    expect(await relayState(older.database)).toEqual({ forked: null, adoptRequested: false });
  });

  it('publishes an event whose id was used before all the same', async () => {
    const [bus, log] = [await openBus(), await openLog()];
    await start(startSequencer, log, bus.nats);
    await appendMany(log.ledger, 10);
    await until(async () => (await streamEnd(bus)) === 10, { describe: '10 relayed' });
    const [known] = await log.ledger.readLog({ after: 9, limit: 1 });
    const { streamId, id, data } = known!;
    const event = { id, time: Date.now(), type: 'AgentEnabled' as const, data: data as { agentId: string } };
    const streams = [{ streamId, expectedVersion: null, events: [event] }];
    await log.ledger.append({ streams, actor: 'a', requestId: 'r' });
    await appendTo(log.ledger);
    await until(async () => (await streamEnd(bus)) === 12, { describe: 'both relayed' });
    await expectSame(bus, log, 1, 12);
  });

  it('a stranger’s message in the stream is found, not published over', async () => {
    const [bus, log] = [await openBus(), await openLog()];
    await start(startSequencer, log, bus.nats);
    await appendMany(log.ledger, 5);
    await until(async () => (await streamEnd(bus)) === 5, { describe: '5 relayed' });
    await jetstream(bus.connection).publish('ledger.v1.main.x.y.forged', '{}');
    await until(async () => (await relayState(log.database)).forked, { describe: 'the fork' });
    expect(await streamEnd(bus)).toBe(6);
  });

  it('takes a stranger’s message for a fork also where the store has an event of that position', async () => {
    const [bus, log] = [await openBus(), await openLog()];
    const service = await startSequencer({ config: serviceConfig(log.url, bus.nats.url), logger });
    await appendMany(log.ledger, 5);
    await until(async () => (await streamEnd(bus)) === 5, { describe: '5 relayed' });
    await service.close();
    await jetstream(bus.connection).publish('ledger.v1.main.x.y.forged', 'no envelope');
    await appendMany(log.ledger, 3);
    const client = await log.database.connect();
    await sequenceCount(client, 3);
    client.release();
    await start(startSequencer, log, bus.nats);
    const found = await until(async () => (await relayState(log.database)).forked, { describe: 'the fork' });
    expect(found).toContain('no event of ours');
    expect(await requestAdopt(log.database)).toBe(true);
    await until(async () => (await streamEnd(bus)) === 8, { describe: 'the rebuilt stream' });
    await expectSame(bus, log, 1, 8);
  });

  it('forgets a fork that has gone, and asks again at the next one', async () => {
    const [bus, other, log] = [await openBus(), await openBus(), await openLog()];
    const ofOther = await startSequencer({ config: serviceConfig((await openLog()).url, other.nats.url), logger });
    await until(async () => (await streamEnd(other)) === 0, { describe: 'another stream' });
    await ofOther.close();
    await jetstream(other.connection).publish('ledger.v1.main.x.y.forged', '{}');
    // The wrong bus: a fork. Its owner says "adopt" while nobody listens, and puts the right bus in.
    const wrong = await startSequencer({ config: serviceConfig(log.url, other.nats.url), logger });
    await until(async () => (await relayState(log.database)).forked, { describe: 'the fork' });
    await wrong.close();
    expect(await requestAdopt(log.database)).toBe(true);
    await start(startSequencer, log, bus.nats);
    await appendMany(log.ledger, 3);
    await until(async () => (await streamEnd(bus)) === 3, { describe: '3 relayed' });
    expect(await relayState(log.database)).toEqual({ forked: null, adoptRequested: false });
  });
});
