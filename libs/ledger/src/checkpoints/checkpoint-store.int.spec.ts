import { createHash } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { Database } from '#libs/database';
import { createTestDatabase } from '#libs/testing';
import { CheckpointStore } from './checkpoint-store.js';

it('the newest checkpoint is the largest, also when a leader with a slow clock signed it', async () => {
  await using place = await createTestDatabase();
  await using database = await Database.open({ url: place.url, applicationName: 'checkpoints', poolSize: 2 });
  const store = new CheckpointStore(database);
  const add = (size: number, signedAt: string) =>
    store.add({ size, signedAt, root: createHash('sha256').update(String(size)).digest(), note: `note ${size}` });
  expect(await store.latest()).toBeNull();
  await add(10, '2026-11-21T10:00:00.000Z');
  await add(20, '2026-11-21T09:59:00.000Z');
  expect(await store.latest()).toMatchObject({ size: 20, note: 'note 20' });
  // The same size again, an hour later: the later one.
  await add(20, '2026-11-21T11:00:00.000Z');
  expect((await store.latest())?.signedAt).toMatch(/^2026-11-21T11:00:00/);
});
