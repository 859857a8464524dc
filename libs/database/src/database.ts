import pg from 'pg';
import { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { loadMigrations } from './migrations.js';
import type { DatabaseOptions } from './database-options.js';
import { migrate, SEARCH_PATH } from './migrate.js';
import { isRefused } from './refused.js';

const APP_ROLE = 'session_ledger_app';
const INT8 = 20;
const CONNECTION = {
  options: `${SEARCH_PATH} -c role=${APP_ROLE} -c idle_in_transaction_session_timeout=5000 -c statement_timeout=30000`,
  connectionTimeoutMillis: 5000,
  // A link that has gone silent: above what the server itself allows a statement.
  query_timeout: 35_000,
  keepAlive: true,
};

const BEGIN_BY_INDEX =
  'begin read only; set local enable_seqscan = off; set local enable_bitmapscan = off; set local jit = off';

// Positions, versions and epoch seconds stay far below 2^53.
pg.types.setTypeParser(INT8, Number);

export type Row = Record<string, unknown>;

function refuseLater(): void {
  // Whoever holds the connection hears of its end by the next statement.
}

/** The pool of one process, after migration, under the application's role. */
export class Database implements AsyncDisposable {
  private constructor(
    private readonly options: DatabaseOptions,
    readonly dataSource: DataSource,
    private readonly pool: pg.Pool,
  ) {}

  /** Migrates (one process at a time, others wait) and connects. Throws a clear error when the server is unfit. */
  static async open(options: DatabaseOptions): Promise<Database> {
    await migrate(options, loadMigrations());
    const dataSource = new DataSource({
      type: 'postgres',
      url: options.url,
      applicationName: options.applicationName,
      poolSize: options.poolSize ?? 10,
      poolErrorHandler: (error: Error) => options.onIdleError?.(error),
      extra: CONNECTION,
    });
    await dataSource.initialize();
    const pool = (dataSource.driver as PostgresDriver).master as pg.Pool;
    // The pool listens to idle clients only: without this a connection that dies in somebody's hands ends the process. What is
    // asked of it then is refused, and the pool does not take it back. At each use: one is there before we can listen for it.
    pool.on('acquire', (client: pg.PoolClient) => {
      if (!client.listeners('error').includes(refuseLater)) client.on('error', refuseLater);
    });
    return new Database(options, dataSource, pool);
  }

  async query<T extends pg.QueryResultRow = Row>(text: string, values: unknown[] = []): Promise<T[]> {
    return (await this.run<T>({ text, values })).rows;
  }

  /** A statement that the server parses and plans once per connection. `name` must be unique to `text`. */
  async prepared<T extends pg.QueryResultRow = Row>(name: string, text: string, values: unknown[] = []): Promise<T[]> {
    return (await this.run<T>({ name, text, values })).rows;
  }

  /**
   * A read that takes its rows from the indexes that its statement is written for. Where statistics lack, are old or end before
   * the newest rows, the planner would rather collect all rows that may match, and sort.
   */
  async queryByIndex<T extends pg.QueryResultRow = Row>(text: string, values: unknown[] = []): Promise<T[]> {
    return this.transaction(async (client) => (await client.query<T>(text, values)).rows, BEGIN_BY_INDEX);
  }

  /** Runs `work` in one transaction; rolls back and rethrows when it throws. */
  async transaction<T>(work: (client: pg.PoolClient) => Promise<T>, begin = 'begin'): Promise<T> {
    const client = await this.pool.connect();
    let broken: Error | undefined;
    try {
      await client.query(begin);
      const result = await work(client);
      await client.query('commit');
      return result;
    } catch (error) {
      await client.query('rollback').catch((rollbackError: Error) => (broken = rollbackError));
      throw error;
    } finally {
      client.release(broken);
    }
  }

  /** As the pool's own `query`, which ends the connection after any error: here a lost race costs none. */
  private async run<T extends pg.QueryResultRow>(statement: pg.QueryConfig): Promise<pg.QueryResult<T>> {
    const client = await this.pool.connect();
    let broken: Error | undefined;
    try {
      return await client.query<T>(statement);
    } catch (error) {
      if (!isRefused(error)) broken = error as Error;
      throw error;
    } finally {
      client.release(broken);
    }
  }

  /** A connection of one's own, for advisory locks and cursors. The caller releases it. */
  connect(): Promise<pg.PoolClient> {
    return this.pool.connect();
  }

  /** A connection beside the pool, for what holds one as long as the process lives. The caller ends it. */
  async connectBeside(): Promise<pg.Client> {
    const { url, applicationName, onIdleError } = this.options;
    const client = new pg.Client({ ...CONNECTION, connectionString: url, application_name: applicationName });
    client.on('error', (error) => onIdleError?.(error));
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dataSource.destroy();
  }
}
