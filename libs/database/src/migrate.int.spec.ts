import { expect, it } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase } from '#libs/testing';
import { migrate } from './migrate.js';
import { loadMigrations } from './migrations.js';

/** Migrations that came after the first release, whatever their number: each lib numbers within a range of its own. */
const LATER = [
  'newest-checkpoint',
  'receipt-retention',
  'oldest-unsequenced',
  'adopted-log',
  'revoked-keys',
  'channel-language-and-quiet-hours',
  'daily-checkpoints',
  'missed-alerts',
];

async function applied(url: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ name: string }>('select name from session_ledger_migration order by id');
  await client.end();
  return rows.map(({ name }) => name.replace(/\d{13}$/, ''));
}

it('brings an old database up to date, also by a migration that is numbered below one that it has', async () => {
  await using place = await createTestDatabase();
  const options = { url: place.url, applicationName: 'test' };
  const all = loadMigrations();
  const old = all.filter((migration) => !LATER.some((title) => new migration().name?.startsWith(title)));
  expect(old.length).toBeLessThan(all.length);
  await migrate(options, old);
  expect(await applied(place.url)).toHaveLength(old.length);
  await migrate(options, all);
  expect((await applied(place.url)).slice(old.length).sort()).toEqual([...LATER].sort());
  // A program that does not know the newest of them refuses the database.
  await expect(migrate(options, old)).rejects.toThrow('newer than this version knows');
});
