import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { STREAM, type CloudEvent } from '#libs/contracts';
import { requestAdopt } from '#libs/ledger';
import { connectNats } from '#libs/messaging';
import { createMetrics, loadConfig, type Config, type RunningService } from '#libs/platform';
import {
  createTestDatabase,
  startTestNats,
  testEnvironment,
  testLogger,
  type TestNats,
  until,
  WebhookReceiver,
} from '#libs/testing';
import type { SessionState } from '#libs/session';
import { startNotifier } from '../../../apps/notifier/src/start-notifier.js';
import { startSequencer } from '../../../apps/sequencer/src/start-sequencer.js';
import { NotifierFixture } from './notifier-fixture.js';
import { TEST_SEAL_KEY } from './test-seal-key.js';

/** Five minutes in the long run. */
const OUTAGE_MS = Number(process.env['LEDGER_TEST_OUTAGE_SECONDS'] ?? 2) * 1000;
const LONG = 150_000;

describe('a notifier behind the log', () => {
  let fixture: NotifierFixture;
  let nats: TestNats;
  let config: Config;
  let webhook: WebhookReceiver;
  let service: RunningService | null = null;
  const services: RunningService[] = [];
  beforeEach(async () => {
    nats = await startTestNats();
    const database = await createTestDatabase();
    fixture = await NotifierFixture.start({}, database);
    await fixture.notifier.close();
    config = loadConfig({
      DATABASE_URL: database.url,
      NATS_URL: nats.url,
      LEDGER_SEAL_KEY: TEST_SEAL_KEY,
      LEDGER_ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
      LEDGER_DATA_DIR: mkdtempSync(join(testEnvironment().runDir, 'log-faults-')),
    });
    webhook = await WebhookReceiver.start();
    await fixture.webhook(webhook.url, { events: ['SessionRevoked'] });
    services.push(await startSequencer({ config, logger: testLogger('sequencer') }));
    service = await open();
  });
  afterEach(async () => {
    for (const each of services.splice(0).reverse()) await each.close();
    await webhook[Symbol.asyncDispose]();
    await fixture[Symbol.asyncDispose]();
    await nats[Symbol.asyncDispose]();
  });

  async function open(): Promise<RunningService> {
    const opened = await startNotifier({ config, logger: testLogger('notifier') });
    services.push(opened);
    return opened;
  }

  async function revoked(): Promise<SessionState> {
    return fixture.revoke(await fixture.session());
  }

  const arrivals = (): string[] => webhook.received.map(({ body }) => (JSON.parse(body) as CloudEvent).subject).sort();
  const arrived = (sessions: SessionState[]): Promise<unknown> =>
    until(() => webhook.received.length >= sessions.length, {
      describe: `${sessions.length} alerts`,
      timeoutMs: LONG,
    });
  const ids = (sessions: SessionState[]): string[] => sessions.map(({ sessionId }) => sessionId).sort();

  it(
    'N1: goes on from PostgreSQL while NATS is down, and repeats nothing when it is back',
    async () => {
      const told = [await revoked()];
      await arrived(told);
      await nats.kill();
      const down = performance.now();
      while (told.length < 6 || performance.now() - down < OUTAGE_MS) {
        told.push(await revoked());
        await arrived(told);
      }
      await nats.restart();
      told.push(await revoked());
      await arrived(told);
      expect(arrivals()).toEqual(ids(told));
      expect(await fixture.settled()).toEqual({ delivered: told.length });
    },
    OUTAGE_MS + 600_000,
  );

  it('N1: repeats nothing when NATS comes back without its data and the stream is built anew', async () => {
    const told = [await revoked(), await revoked()];
    await arrived(told);
    await nats.kill();
    await rm(join(nats.storeDir, 'jetstream'), { recursive: true, force: true });
    told.push(await revoked());
    await nats.restart();
    await requestAdopt(fixture.database);
    told.push(await revoked());
    await arrived(told);
    const connection = await connectNats({ url: nats.url, name: 'test' });
    const manager = await jetstreamManager(connection);
    await until(async () => (await manager.streams.info(STREAM)).state.last_seq > 0, {
      describe: 'the stream to be built anew',
      timeoutMs: LONG,
    });
    await connection.close();
    expect(arrivals()).toEqual(ids(told));
    expect(await fixture.settled()).toEqual({ delivered: told.length });
  });

  it('N1: a storm of redeliveries at two notifiers makes each alert once', async () => {
    const others = ['first', 'second'].map((name) => fixture.newNotifier({ metrics: createMetrics(name) }));
    await services.pop()?.close();
    const sessions: SessionState[] = [];
    for (let i = 0; i < 10; i++) sessions.push(await revoked());
    const events: CloudEvent[] = [];
    for (const session of sessions) events.push(await fixture.lastEvent(session.sessionId));
    await fixture.database.query('update deliveries.checkpoint set position = 0');
    const storm = Array.from({ length: 40 }, (_, n) =>
      others[n % 2]!.intake.apply(n % 3 === 0 ? events.slice(0, 5) : events),
    );
    await Promise.allSettled(storm);
    others[0]!.start();
    await arrived(sessions);
    expect(arrivals()).toEqual(ids(sessions));
    expect(await fixture.settled()).toEqual({ delivered: sessions.length });
    for (const other of others) await other.close();
  });

  it('N1: a consumer that JetStream has forgotten, and that is handed the whole stream again, repeats nothing', async () => {
    const told = [await revoked(), await revoked(), await revoked()];
    await arrived(told);
    const connection = await connectNats({ url: nats.url, name: 'test' });
    const manager = await jetstreamManager(connection);
    await manager.consumers.delete(STREAM, 'notifier');
    await connection.close();
    told.push(await revoked());
    await arrived(told);
    expect(arrivals()).toEqual(ids(told));
    expect(await fixture.settled()).toEqual({ delivered: told.length });
  });

  it('N2: a poison event is parked with an alarm, what follows waits, and both go out once it can be taken in', async () => {
    const before = await revoked();
    await arrived([before]);
    await fixture.asOwner(
      `create function deliveries.refuse() returns trigger language plpgsql as
         $$ begin raise exception 'poison'; end $$;
       create trigger poison before insert on deliveries.notification
         for each row when (new.event_type = 'SessionRevoked') execute function deliveries.refuse()`,
    );
    const poison = await revoked();
    const health = (): Promise<Response> => fetch(`${service!.url}/health/ready`);
    const alarm = await until(
      async () => {
        const answer = await health();
        return answer.status === 503 ? await answer.text() : null;
      },
      { describe: 'the alarm', timeoutMs: LONG },
    );
    expect(alarm).toMatch(/log/);
    const after = await revoked();
    await fixture.session();
    expect(arrivals()).toEqual(ids([before]));
    await fixture.asOwner('drop trigger poison on deliveries.notification');
    await arrived([before, poison, after]);
    await until(async () => (await health()).ok, { describe: 'health again', timeoutMs: LONG });
    expect(arrivals()).toEqual(ids([before, poison, after]));
  });

  it('N2: what cannot be taken in for a while is asked for again after a delay, never at once, and never given up', async () => {
    const before = await revoked();
    await arrived([before]);
    await fixture.asOwner('alter table deliveries.notification rename to notification_away');
    const waiting = await revoked();
    await until(async () => (await fetch(`${service!.url}/health/ready`)).status === 503, {
      describe: 'the alarm',
      timeoutMs: LONG,
    });
    const connection = await connectNats({ url: nats.url, name: 'test' });
    const manager = await jetstreamManager(connection);
    const consumer = await manager.consumers.info(STREAM, 'notifier');
    // No limit after which JetStream would drop it, and so far few deliveries: no storm of refusals.
    expect(consumer.config.max_deliver ?? -1).toBe(-1);
    expect(consumer.num_redelivered).toBeLessThanOrEqual(1);
    await connection.close();
    await fixture.asOwner('alter table deliveries.notification_away rename to notification');
    await arrived([before, waiting]);
    expect(arrivals()).toEqual(ids([before, waiting]));
  });

  it('M2: a notifier that finds its place in the log gone goes on at the end: 0 calls for what was before', async () => {
    const told = [await revoked(), await revoked()];
    await arrived(told);
    await fixture.settled();
    await services.pop()!.close();
    fixture.excuse('calls on record', 'the attempts are deleted');
    await fixture.database.query('delete from deliveries.attempt');
    await fixture.database.query('delete from deliveries.delivery');
    await fixture.database.query('delete from deliveries.notification');
    await fixture.database.query('delete from deliveries.checkpoint');
    const connection = await connectNats({ url: nats.url, name: 'test' });
    await (await jetstreamManager(connection)).consumers.delete(STREAM, 'notifier');
    await connection.close();
    await open();
    const next = await revoked();
    await arrived([...told, next]);
    expect(arrivals()).toEqual(ids([...told, next]));
    expect(await fixture.settled()).toEqual({ delivered: 1 });
  });
});
