import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import pg from 'pg';
import type { QueryRunner } from 'typeorm';
import { EmbeddedPostgres } from '#libs/embedded';
import { createTestDatabase, testEnvironment } from '#libs/testing';
import { migrate } from './migrate.js';
import { loadMigrations } from './migrations.js';

/** Migrations that came after the first release, whatever their number: each lib numbers within a range of its own. */
const LATER = [
  'newest-checkpoint',
  'receipt-retention',
  'oldest-unsequenced',
  'append-together',
  'append-answer',
  'due-at-at-the-latest',
  'look-behind-the-cursor',
  'appends-as-json',
  'active-sessions',
  'adopted-log',
  'revoked-keys',
  'revoked-keys-in-one-look',
  'no-revoked-key-one-look',
  'channel-language-and-quiet-hours',
  'daily-checkpoints',
  'missed-alerts',
  'last-canary',
  'bot-told-at',
  'audit-search',
  'audit-word',
  'answered-requests',
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

it('has a filled audit table built anew beside itself, so that no index is built while the log waits', async () => {
  await using place = await createTestDatabase();
  const options = { url: place.url, applicationName: 'test' };
  const all = loadMigrations();
  await migrate(
    options,
    all.filter((migration) => !/^audit-(search|word)/.test(new migration().name ?? '')),
  );
  const client = new pg.Client({ connectionString: place.url });
  await client.connect();
  await client.query('update read_model.generation set position = 7');
  await client.query(`
    insert into read_model.audit_g1 (position, occurred_at, stream_id, version, type, actor, reason)
    values (7, now(), 'agent:x', 1, 'AgentDisabled', 'owner', 'lost')`);
  await migrate(options, all);
  const { rows: generations } = await client.query(
    'select model, rebuild_due from read_model.generation order by model',
  );
  expect(generations).toEqual([
    { model: 'audit', rebuild_due: true },
    { model: 'current_token', rebuild_due: false },
  ]);
  const { rows: indexes } = await client.query<{ tablename: string; shape: string }>(
    `select tablename, substring(indexdef from 'USING .*') as shape from pg_indexes where tablename ~ '^audit_' order by 2`,
  );
  const shapesOf = (table: string) => indexes.filter(({ tablename }) => tablename === table).map(({ shape }) => shape);
  expect(shapesOf('audit_template')).toContain('USING btree (actor, type, occurred_at, "position")');
  expect(shapesOf('audit_g1')).toContain('USING btree (actor, occurred_at, "position")');
  // Until then the words are read from the old rows.
  const lost = `select stretch, get_bit(events, 7) as has from read_model.audit_word where word = 'lost'`;
  expect((await client.query(lost)).rows).toEqual([{ stretch: 0, has: 1 }]);
  await client.query("select read_model.begin_rebuild('audit')");
  const { rows: built } = await client.query<{ shape: string }>(
    `select substring(indexdef from 'USING .*') as shape from pg_indexes where tablename = 'audit_g2' order by 1`,
  );
  expect(built.map(({ shape }) => shape)).toEqual(shapesOf('audit_template'));
  await client.query("select read_model.swap('audit', 2)");
  expect((await client.query(lost)).rows).toEqual([]);
  await expect(client.query("select read_model.begin_rebuild('audit_word')")).rejects.toThrow(
    'no read model audit_word',
  );
  await client.end();
});

it('refuses a server that could lose an answered change, and names each setting', async () => {
  const dataDir = mkdtempSync(join(testEnvironment().runDir, 'postgres', 'unsafe-'));
  const settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' };
  await using server = await EmbeddedPostgres.start({ dataDir, database: 'unsafe', settings });
  const opened = migrate({ url: server.url, applicationName: 'test' }, loadMigrations());
  await expect(opened).rejects.toThrow(/^PostgreSQL runs with .* off: an answered change could be lost\./);
  for (const name of Object.keys(settings)) await expect(opened).rejects.toThrow(name);
  expect(await tables(server.url)).toEqual([]);
});

it('refuses a database or user of its own with synchronous_commit off', async () => {
  await using place = await createTestDatabase();
  const client = new pg.Client({ connectionString: place.url });
  await client.connect();
  await client.query(`alter database ${place.name} set synchronous_commit = off`);
  await client.end();
  const opened = migrate({ url: place.url, applicationName: 'test' }, loadMigrations());
  await expect(opened).rejects.toThrow('PostgreSQL runs with synchronous_commit off');
  expect(await tables(place.url)).toEqual([]);
});

it('outlives the loss of its lock’s connection while a migration runs', async () => {
  await using place = await createTestDatabase();
  const options = { url: place.url, applicationName: 'lost' };
  const [first, ...rest] = loadMigrations();
  const Slow = class {
    readonly name = 'slow1699999999999';
    async up(runner: QueryRunner): Promise<void> {
      const lock = "application_name = 'lost migration' and state = 'idle' and datname = current_database()";
      await runner.query(`select pg_terminate_backend(pid, 5000) from pg_stat_activity where ${lock}`);
    }
    async down(): Promise<void> {}
  };
  const thrown: unknown[] = [];
  const note = (error: unknown) => thrown.push(error);
  process.on('uncaughtException', note);
  try {
    await migrate(options, [Slow, first!, ...rest]);
  } finally {
    process.off('uncaughtException', note);
  }
  expect(thrown).toEqual([]);
  expect(await applied(place.url)).toHaveLength(rest.length + 2);
});

async function tables(url: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query("select tablename from pg_tables where schemaname in ('ledger', 'public')");
  await client.end();
  return rows;
}
