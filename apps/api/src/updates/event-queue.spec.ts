import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { EventQueue, MAX_WAITING } from './event-queue.js';

/** A client that reads only when told. */
function slowClient() {
  const read: string[] = [];
  let goOn: () => void = () => undefined;
  const client = new Writable({
    highWaterMark: 100,
    decodeStrings: false,
    write: (chunk: string, _encoding, done) => {
      read.push(chunk);
      goOn = done;
    },
  });
  return { client, read, readOne: () => goOn() };
}

describe('the queue of one client', () => {
  it('holds a bounded amount for a client that does not read, and then cuts it off', () => {
    const { client } = slowClient();
    const queue = new EventQueue(client);
    const message = 'x'.repeat(10_000);
    let put = 0;
    while (!client.destroyed && put < 10_000) {
      queue.put(message);
      put++;
    }
    expect(client.destroyed).toBe(true);
    // What waits here, and one message that the stream itself had taken.
    expect(put * message.length).toBeLessThanOrEqual(MAX_WAITING + 2 * message.length);
    queue.put(message);
    expect(queue.isClosed).toBe(true);
  });

  it('gives everything in order to one that reads slowly, and says when it has caught up', async () => {
    const { client, read, readOne } = slowClient();
    const queue = new EventQueue(client);
    const messages = Array.from({ length: 50 }, (_, n) => `${n}:${'x'.repeat(60)}`);
    for (const message of messages) queue.put(message);
    let caughtUp = false;
    const drained = queue.drained().then(() => (caughtUp = true));
    expect(queue.isEmpty).toBe(false);
    while (read.length < messages.length) {
      expect(caughtUp).toBe(false);
      readOne();
      await new Promise((resolve) => setImmediate(resolve));
    }
    readOne();
    await drained;
    expect(read).toEqual(messages);
  });

  it('keeps nobody waiting for a client that has gone', async () => {
    const { client } = slowClient();
    const queue = new EventQueue(client);
    for (let n = 0; n < 10; n++) queue.put('x'.repeat(100));
    const drained = queue.drained();
    client.destroy();
    await drained;
    expect(queue.isClosed).toBe(true);
  });
});
