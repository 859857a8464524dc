import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { testEnvironment } from './environment.js';
import { until } from './until.js';

export interface TestDatabase extends AsyncDisposable {
  /** URL of the database's owner. */
  url: string;
  name: string;
}

/** A fresh, empty database on the PostgreSQL of this run; dropped at dispose, whoever is still connected. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { postgresUrl } = testEnvironment();
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await administer(postgresUrl, `create database ${name}`);
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    name,
    [Symbol.asyncDispose]: () => drop(postgresUrl, name),
  };
}

/** PostgreSQL gives those who are connected five seconds to go, then gives up; a busy machine may take longer. */
async function drop(url: string, name: string): Promise<void> {
  const dropped = () => administer(url, `drop database if exists ${name} with (force)`).then(() => true);
  await until(dropped, { describe: `${name} to be dropped` });
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
