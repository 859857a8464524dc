import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { dumpDatabase } from './canary/dump-database.js';
import { testEnvironment } from './environment.js';
import { addToRecord, newRecord } from './run-record/run-record.js';
import { until } from './until.js';

export interface TestDatabase extends AsyncDisposable {
  /** URL of the database's owner. */
  url: string;
  name: string;
}

const PREFIX = 'test_';
const NO_SUCH_DATABASE = '3D000';

/** A fresh, empty database on the PostgreSQL of this run; dumped into the run's record and dropped at dispose, whoever is still connected. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { postgresUrl } = testEnvironment();
  const name = PREFIX + randomUUID().replaceAll('-', '');
  await asSuperuser(postgresUrl, (client) => client.query(`create database ${name}`));
  return {
    url: urlOf(name),
    name,
    async [Symbol.asyncDispose]() {
      await dumpTestDatabase(name);
      await drop(name);
    },
  };
}

/** Keeps what a test database holds for the search after the run; nobody can connect to it any more. One that is gone holds nothing. */
export async function dumpTestDatabase(name: string): Promise<void> {
  const { postgresUrl } = testEnvironment();
  const file = newRecord('dumps', name);
  try {
    await asSuperuser(urlOf(name), async (client) => {
      await asSuperuser(postgresUrl, (other) => other.query(`alter database ${name} with allow_connections false`));
      await endOtherConnections(client);
      await dumpDatabase(client, (content) => addToRecord(file, content));
    });
  } catch (error) {
    if ((error as pg.DatabaseError).code !== NO_SUCH_DATABASE) throw error;
  }
}

/** PostgreSQL gives those who are connected five seconds to go, then gives up; a busy machine may take longer. */
async function drop(name: string): Promise<void> {
  const { postgresUrl } = testEnvironment();
  const statement = `drop database if exists ${name} with (force)`;
  const dropped = () => asSuperuser(postgresUrl, (client) => client.query(statement)).then(() => true);
  await until(dropped, { describe: `${name} to be dropped` });
}

function urlOf(name: string): string {
  const url = new URL(testEnvironment().postgresUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** As dropping it would a moment later: the dump must not wait for what a test has left locked. */
async function endOtherConnections(client: pg.Client): Promise<void> {
  await client.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
}

async function asSuperuser(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
