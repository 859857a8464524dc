import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { testEnvironment } from './environment.js';

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
    [Symbol.asyncDispose]: () => administer(postgresUrl, `drop database if exists ${name} with (force)`),
  };
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
