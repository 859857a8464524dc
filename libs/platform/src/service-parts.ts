import type { NatsConnection } from '@nats-io/transport-node';
import type { Database } from '#libs/database';
import { Health, serveHealth } from './health.js';
import { requireUrl, type RunningService, type ServiceContext } from './lifecycle.js';
import { createMetrics, type Registry } from './telemetry.js';

/** What every service opens first and closes last: the database, the bus, health and metrics. */
export class ServiceParts {
  readonly health = new Health();

  private constructor(
    readonly name: string,
    private readonly context: ServiceContext,
    readonly metrics: Registry,
    readonly database: Database,
    readonly nats: NatsConnection,
  ) {
    this.health.register({ name: 'database', check: async () => void (await database.query('select 1')) });
    this.health.register({
      name: 'bus',
      check: () => {
        if (nats.isClosed()) throw new Error('the connection to NATS was closed for good; restart this service');
      },
    });
  }

  /** @throws ConfigError when a server's URL is not set, or what the server answered. */
  static async open(name: string, context: ServiceContext): Promise<ServiceParts> {
    const { config, logger } = context;
    // Loaded here, because who only wants the configuration must not wait for a database driver.
    const [{ Database }, { connectNats }] = await Promise.all([import('#libs/database'), import('#libs/messaging')]);
    const database = await Database.open({
      url: requireUrl(config, 'databaseUrl'),
      applicationName: `session-ledger ${name}`,
      poolSize: config.databasePool,
      onIdleError: (error) => logger.warn({ err: error }, 'a database connection was lost'),
    });
    try {
      const nats = await connectNats({
        url: requireUrl(config, 'natsUrl'),
        name: `session-ledger ${name}`,
        onWaiting: (servers) => logger.warn(`NATS at ${servers} cannot be reached yet; trying again`),
        ...(config.natsCredentialsFile !== undefined && { credentialsFile: config.natsCredentialsFile }),
      });
      return new ServiceParts(name, context, createMetrics(name), database, nats);
    } catch (error) {
      await database[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Health and metrics on a port of their own, for a service without another HTTP surface; `stop` ends what works with these parts. */
  async serve(stop: () => Promise<void>): Promise<RunningService> {
    const { host, healthPort } = this.context.config;
    const server = await serveHealth(this, { host, port: healthPort });
    return {
      name: this.name,
      url: `http://${host}:${server.port}`,
      close: async () => {
        this.health.drain();
        await stop()
          .finally(() => server[Symbol.asyncDispose]())
          .finally(() => this.close());
      },
    };
  }

  async close(): Promise<void> {
    await this.nats.close().finally(() => this.database[Symbol.asyncDispose]());
  }
}
