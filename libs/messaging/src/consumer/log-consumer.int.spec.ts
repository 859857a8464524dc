import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { STREAM, toCloudEvent, type CloudEvent } from '#libs/contracts';
import { startTestNats, until, type TestNats } from '#libs/testing';
import { connectNats, LogConsumer, type LogConsumerOptions, type ParkedAt } from '../index.js';
import { logMessageOf } from '../stream/log-message.js';
import { LogPublisher } from '../stream/log-publisher.js';
import { LogStream } from '../stream/log-stream.js';
import { sampleEvent } from '../stream/sample-event.js';

let nats: TestNats;
let connection: NatsConnection;

beforeAll(async () => {
  nats = await startTestNats();
  connection = await connectNats({ url: nats.url, name: 'test' });
});

afterAll(async () => {
  await connection.close();
  await nats[Symbol.asyncDispose]();
});

function eventsUpTo(count: number): CloudEvent[] {
  return Array.from({ length: count }, (_, index) => ({ position: index + 1, id: `e${index + 1}` }) as CloudEvent);
}

/** A store, and a handler that keeps what it applied. */
class Reader {
  readonly applied: number[] = [];
  readonly parked: ParkedAt[] = [];
  resumed = 0;
  refuse: (event: CloudEvent) => boolean = () => false;
  private readonly stop = new AbortController();
  private readonly running: Promise<void>;

  constructor(log: CloudEvent[], options: Partial<LogConsumerOptions> = {}) {
    const consumer = new LogConsumer({
      connection,
      durable: 'spec',
      handler: {
        checkpoint: () => Promise.resolve(this.applied.length),
        apply: (batch) => this.apply(batch),
      },
      readLog: (after, limit) => Promise.resolve(log.slice(after, after + limit)),
      batchSize: 4,
      parkedRetryMs: 20,
      onParked: (at) => this.parked.push(at),
      onResumed: () => (this.resumed += 1),
      ...options,
    });
    this.running = consumer.run(this.stop.signal);
  }

  async end(): Promise<void> {
    this.stop.abort();
    await this.running;
  }

  private apply(batch: CloudEvent[]): Promise<void> {
    const poison = batch.find((event) => this.refuse(event));
    if (poison) return Promise.reject(new Error(`cannot apply ${poison.id}`));
    this.applied.push(...batch.map(({ position }) => position));
    return Promise.resolve();
  }
}

describe('the reader of the log', () => {
  it('lives on the store while there is no stream', async () => {
    const log = eventsUpTo(10);
    const reader = new Reader(log);
    await until(() => reader.applied.length === 10, { describe: 'all applied' });
    log.push(...eventsUpTo(12).slice(10));
    await until(() => reader.applied.length === 12, { describe: 'the new ones' });
    expect(reader.applied).toEqual(log.map(({ position }) => position));
    await reader.end();
  });

  it('parks at a poison event, applies all before it and none after, and goes on once it can', async () => {
    const reader = new Reader(eventsUpTo(12));
    reader.refuse = ({ position }) => position === 7;
    await until(() => reader.parked.length > 0, { describe: 'parked' });
    expect(reader.parked[0]).toMatchObject({ position: 7, eventId: 'e7' });
    expect(reader.applied).toEqual([1, 2, 3, 4, 5, 6]);
    expect(reader.resumed).toBe(0);
    reader.refuse = () => false;
    await until(() => reader.applied.length === 12, { describe: 'all applied' });
    expect(reader.applied).toEqual(eventsUpTo(12).map(({ position }) => position));
    // The alarm was raised once and withdrawn once, however often it was tried between.
    expect([reader.parked.length, reader.resumed]).toEqual([1, 1]);
    await reader.end();
  });

  it('never applies past a hole in the store', async () => {
    const log = eventsUpTo(9).filter(({ position }) => position !== 6);
    const troubles: string[] = [];
    const reader = new Reader(log, { onTrouble: (error) => troubles.push((error as Error).message) });
    await until(() => troubles.some((text) => text.includes('dense')), { describe: 'the hole is named' });
    expect(Math.max(0, ...reader.applied)).toBeLessThan(6);
    await reader.end();
  });

  it('passes over what the stream gets late, from before its checkpoint', async () => {
    const source = 'urn:test';
    using publisher = new LogPublisher(connection);
    const publish = (positions: number[]) =>
      publisher.publish(positions.map((position) => logMessageOf(sampleEvent(position), source)));
    await (await LogStream.open(connection, { replicas: 1, maxAge: 3600 })).rebuild(1);
    await publish([1, 2, 3]);
    // The store is two events ahead of the stream, and the consumer is to begin behind them: the server begins at its end.
    const log = [1, 2, 3, 4, 5].map((position) => toCloudEvent(sampleEvent(position), source));
    const reader = new Reader(log, { durable: 'ahead' });
    const { consumers } = await jetstreamManager(connection);
    const consumer = () => consumers.info(STREAM, 'ahead');
    await until(consumer, { describe: 'the consumer' });
    expect(reader.applied).toEqual([1, 2, 3, 4, 5]);
    log.push(...[6, 7].map((position) => toCloudEvent(sampleEvent(position), source)));
    await publish([4, 5, 6, 7]);
    await until(async () => (await consumer()).ack_floor.stream_seq === 7, { describe: 'every message to be acked' });
    expect((await consumer()).delivered.consumer_seq).toBe(4);
    expect(reader.applied).toEqual([1, 2, 3, 4, 5, 6, 7]);
    await reader.end();
  });
});
