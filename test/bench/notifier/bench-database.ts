import { join } from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres } from '#libs/embedded';
import type { TestDatabase } from '#libs/testing';

export interface BenchPostgres {
  /** A fresh database; dropped at dispose. */
  fresh(): Promise<TestDatabase>;
  stop(): Promise<void>;
}

/** A PostgreSQL for this run alone. */
export async function startBenchDatabase(folder: string): Promise<BenchPostgres> {
  const postgres = await EmbeddedPostgres.start({ dataDir: join(folder, 'postgres'), database: 'bench' });
  const administer = async (statement: string): Promise<void> => {
    const client = new pg.Client({ connectionString: postgres.url });
    await client.connect();
    await client.query(statement);
    await client.end();
  };
  let made = 0;
  return {
    async fresh() {
      const name = `bench_${++made}`;
      await administer(`create database ${name}`);
      const url = new URL(postgres.url);
      url.pathname = `/${name}`;
      return {
        url: url.href,
        name,
        [Symbol.asyncDispose]: () => administer(`drop database if exists ${name} with (force)`),
      };
    },
    stop: () => postgres.stop(),
  };
}
