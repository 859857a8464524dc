import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, it } from '@jest/globals';
import { createTestDatabase, until } from '#libs/testing';
import { Database } from './database.js';
import { lead } from './leader.js';

const LOCK = 424_242;

/** A link to PostgreSQL that can go silent: open at both ends, and nothing comes through. */
async function silentLink(databaseUrl: string) {
  const target = new URL(databaseUrl);
  const port = Number(target.port);
  const sockets = new Set<Socket>();
  let isSilent = false;
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('end', () => isSilent || to.end());
      from.on('data', (data) => isSilent || to.write(data));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  target.port = String((server.address() as AddressInfo).port);
  return {
    url: target.href,
    goSilent: () => void (isSilent = true),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

it('a leader whose link goes silent gives up within seconds: PostgreSQL may have given the lock to another', async () => {
  await using place = await createTestDatabase();
  await using link = await silentLink(place.url);
  const database = await Database.open({ url: link.url, applicationName: 'leader', poolSize: 2 });
  const { signal } = new AbortController();
  const lease = await lead(database, LOCK, signal);
  expect(lease.lost.aborted).toBe(false);
  link.goSilent();
  await until(() => lease.lost.aborted, { describe: 'the lease to be lost' });
  await lease[Symbol.asyncDispose]();
  await link[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

it('a second one leads once the first has given up, and not before', async () => {
  await using place = await createTestDatabase();
  await using database = await Database.open({ url: place.url, applicationName: 'leader', poolSize: 4 });
  const { signal } = new AbortController();
  const first = await lead(database, LOCK, signal);
  let isLed = false;
  const second = lead(database, LOCK, signal).then((lease) => {
    isLed = true;
    return lease;
  });
  const waiting = new AbortController();
  const third = lead(database, LOCK, waiting.signal);
  waiting.abort();
  await expect(third).rejects.toThrow();
  expect(isLed).toBe(false);
  await first[Symbol.asyncDispose]();
  expect(first.lost.aborted).toBe(true);
  await (await second)[Symbol.asyncDispose]();
});
