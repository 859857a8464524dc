import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connectNats } from '#libs/messaging';
import { until } from '#libs/testing';
import { Binary } from './binary.js';
import { CliFixture } from './cli-fixture.js';

const STREAM = 'LEDGER';

let fixture: CliFixture;
let sledger: Binary;
beforeAll(async () => {
  fixture = await CliFixture.open();
  sledger = new Binary(fixture.home);
});
afterAll(() => fixture[Symbol.asyncDispose]());

interface Relay {
  forked: string | null;
  adoptRequested: boolean;
}

/** What stands on the bus: the number of messages, and the last one's subject. */
async function bus<T>(look: (manager: Awaited<ReturnType<typeof jetstreamManager>>) => Promise<T>): Promise<T> {
  const connection = await connectNats({ url: fixture.nats.url, name: 'test' });
  try {
    return await look(await jetstreamManager(connection));
  } finally {
    await connection.close();
  }
}

const lastSequence = () => bus(async (manager) => (await manager.streams.info(STREAM)).state.last_seq);

describe('log adopt on a log whose stream tells another history', () => {
  it('does nothing while both tell the same', async () => {
    await fixture.json('agent', 'add', 'first');
    const run = await sledger.run('log', 'adopt', '--yes');
    expect(run).toMatchObject({ exit: 0, stderr: '' });
    expect(run.stdout).toBe('Stream and database tell the same history: there is nothing to adopt.\n');
  });

  it('without --yes says what differs and what would be given up, and changes nothing', async () => {
    await until(async () => (await lastSequence()) > 0, { describe: 'the relay' });
    const connection = await connectNats({ url: fixture.nats.url, name: 'test' });
    const { seq: forged } = await jetstream(connection).publish('ledger.v1.main.x.y.forged', '{}');
    await connection.close();
    await fixture.json('agent', 'add', 'second');
    await until(async () => (await sledger.json<Relay>('log', 'adopt')).forked, {
      describe: 'the fork',
    });
    const run = await sledger.run('log', 'adopt');
    expect(run).toMatchObject({ exit: 0, stderr: '' });
    expect(run.stdout).toMatch(
      /^They differ: .*\nAdopting rebuilds the stream from the database.*\nIf the database is the right one: `sledger log adopt --yes`\./,
    );
    expect(await lastSequence()).toBe(forged);
    const doctor = await sledger.run('doctor');
    expect(doctor.exit).toBe(1);
    expect(doctor.stdout).toMatch(/✗ .*another history.*\n.*→ .*`sledger log adopt`/);
  });

  it('--yes rebuilds the stream from the database; the forged message is gone and doctor is content', async () => {
    const run = await sledger.run('log', 'adopt', '--yes');
    expect(run).toMatchObject({ exit: 0, stderr: '' });
    expect(run.stdout).toMatch(/^The relay rebuilds the stream now, the projector its read models/);
    await until(async () => (await sledger.json<Relay>('log', 'adopt')).forked === null, {
      describe: 'the rebuilt stream',
    });
    // The stream is new and empty at first.
    const subjects = await until(
      () =>
        bus(async (manager) => {
          const { state } = await manager.streams.info(STREAM, { subjects_filter: '>' });
          const names = Object.keys(state.subjects ?? {});
          return names.length > 0 && names;
        }),
      { describe: 'events in the rebuilt stream' },
    );
    expect(subjects).not.toContain('ledger.v1.main.x.y.forged');
    expect((await sledger.run('log', 'adopt')).stdout).toContain('nothing to adopt');
    expect((await sledger.run('doctor')).stdout).not.toContain('another history');
  });
});
