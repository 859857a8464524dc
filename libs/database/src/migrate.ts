import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { DataSource } from 'typeorm';
import type { DatabaseOptions } from './database-options.js';
import { LOCKS } from './locks.js';
import type { MigrationClass } from './migrations.js';

const POLL_MS = 100;

/** A user named like one of our schemas would otherwise look for its tables there. */
export const SEARCH_PATH = '-c search_path=public';

/** Durability that the ledger's second promise rests on. */
const REQUIRED_ON = ['fsync', 'full_page_writes', 'synchronous_commit'];

/** Brings the schema up to date. Polls for the lock: a blocked waiter would stop `CREATE INDEX CONCURRENTLY` for ever. */
export async function migrate(options: DatabaseOptions, migrations: MigrationClass[]): Promise<void> {
  const lock = new pg.Client({
    connectionString: options.url,
    application_name: `${options.applicationName} migration`,
    connectionTimeoutMillis: 5000,
    options: SEARCH_PATH,
  });
  // Lost while a migration runs on its own connection, it is missed at the end, not by an event that nobody hears.
  lock.on('error', () => undefined);
  await lock.connect();
  try {
    await refuseUnsafeServer(lock);
    while (!(await tryLock(lock))) await sleep(POLL_MS);
    await runMigrations(options, migrations, lock);
  } finally {
    await lock.end();
  }
}

async function tryLock(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [
    LOCKS.migration,
  ]);
  return rows[0]?.locked === true;
}

async function refuseUnsafeServer(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string; setting: string }>(
    'select name, setting from pg_settings where name = any($1)',
    [REQUIRED_ON],
  );
  const off = rows.filter(({ setting }) => setting === 'off').map(({ name }) => name);
  if (off.length > 0) {
    throw new Error(
      `PostgreSQL runs with ${off.join(', ')} off: an answered change could be lost. Turn on, restart it.`,
    );
  }
}

async function runMigrations(options: DatabaseOptions, migrations: MigrationClass[], lock: pg.Client): Promise<void> {
  const dataSource = new DataSource({
    type: 'postgres',
    url: options.url,
    applicationName: `${options.applicationName} migration`,
    poolSize: 1,
    extra: { options: SEARCH_PATH },
    migrations,
    migrationsTableName: 'session_ledger_migration',
    migrationsTransactionMode: 'each',
  });
  await dataSource.initialize();
  try {
    await refuseNewerSchema(lock, migrations);
    await dataSource.runMigrations();
  } finally {
    await dataSource.destroy();
  }
}

async function refuseNewerSchema(client: pg.Client, migrations: MigrationClass[]): Promise<void> {
  const { rows: tables } = await client.query<{ found: boolean }>(
    "select to_regclass('session_ledger_migration') is not null as found",
  );
  if (tables[0]?.found !== true) return;
  const known = new Set(migrations.map((migration) => new migration().name));
  const { rows } = await client.query<{ name: string }>('select name from session_ledger_migration order by timestamp');
  const unknown = rows.filter(({ name }) => !known.has(name));
  if (unknown.length > 0) {
    throw new Error(
      `The database schema is newer than this version knows (${unknown.map(({ name }) => name).join(', ')}). ` +
        'Start the newer version, or restore a backup made by this one.',
    );
  }
}
