import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { STREAM } from '#libs/contracts';
import { startTestNats, until, type TestNats } from '#libs/testing';
import { connectNats } from '../connect-nats.js';
import { logMessageOf } from './log-message.js';
import { LogPublisher } from './log-publisher.js';
import { LogStream } from './log-stream.js';
import { sampleEvent } from './sample-event.js';

const NEXT = 2_501;
const OPTIONS = { replicas: 1, maxAge: 3600 };

let nats: TestNats;
let connection: NatsConnection;
let manager: JetStreamManager;
let stream: LogStream;
let publisher: LogPublisher;

beforeEach(async () => {
  nats = await startTestNats();
  connection = await connectNats({ url: nats.url, name: 'test' });
  manager = await jetstreamManager(connection);
  stream = await LogStream.open(connection, OPTIONS);
  publisher = new LogPublisher(connection);
});
afterEach(async () => {
  publisher[Symbol.dispose]();
  await connection.close();
  await nats[Symbol.asyncDispose]();
});

/** Ends the server as a crash would; answers where the stream stands when it is back. */
async function afterCrash(): Promise<number | undefined> {
  await nats.kill();
  await nats.restart();
  const position = () => stream.position().catch(() => undefined);
  return (await until(position, { timeoutMs: 30_000, describe: 'the stream to be back' }))?.last;
}

/** By what the server itself says: from 2.10 a stream can begin anywhere. */
function canBeginAnywhere(): boolean {
  const [major = 0, minor = 0] = (connection.info?.version ?? '').split('.').map(Number);
  return major > 2 || (major === 2 && minor >= 10);
}

function message(position: number) {
  return logMessageOf(sampleEvent(position), 'urn:test');
}

describe('a stream that is made anew', () => {
  it('begins at the given sequence: by first_seq where the server has it, behind empty messages where it has not', async () => {
    await stream.rebuild(1);
    await publisher.publish([message(1), message(2)]);
    await stream.rebuild(NEXT);
    const { config, state } = await manager.streams.info(STREAM);
    expect(state.last_seq).toBe(NEXT - 1);
    if (canBeginAnywhere()) {
      expect([config.first_seq, state.first_seq, state.messages]).toEqual([NEXT, NEXT, 0]);
    } else {
      expect([config.first_seq, state.first_seq, state.messages]).toEqual([undefined, 1, NEXT - 1]);
    }
    // Nothing of it is an event, and none can be put there any more.
    expect(await stream.eventAt(NEXT - 1)).toBeNull();
    await expect(publisher.publish([message(NEXT - 1)])).rejects.toThrow(/wrong last sequence/);
    await expect(publisher.publish([message(NEXT + 1)])).rejects.toThrow(/wrong last sequence/);
    await publisher.publish([message(NEXT), message(NEXT + 1)]);
    expect(await stream.eventAt(NEXT)).toMatchObject({ position: NEXT });
    expect(await stream.position()).toMatchObject({ last: NEXT + 1 });
  });

  it('keeps its place over a crash of the server, empty or not, and takes a change of its age', async () => {
    await stream.rebuild(NEXT);
    expect(await afterCrash()).toBe(NEXT - 1);
    await publisher.publish([message(NEXT)]);
    const shorter = await LogStream.open(connection, { ...OPTIONS, maxAge: 1800 });
    await shorter.configure();
    expect(await afterCrash()).toBe(NEXT);
    expect((await manager.streams.info(STREAM)).config.max_age).toBe(1800 * 1e9);
    await expect(manager.streams.purge(STREAM)).rejects.toThrow();
  });
});
