import { type NatsConnection } from '@nats-io/transport-node';
import { Database } from '#libs/database';
import { connectNats } from '#libs/messaging';
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
  }

  /** @throws ConfigError when a server's URL is not set, or what the server answered. */
  static async open(name: string, context: ServiceContext): Promise<ServiceParts> {
    const { config, logger } = context;
    const database = await Database.open({
      url: requireUrl(config, 'databaseUrl'),
      applicationName: `session-ledger ${name}`,
      poolSize: config.databasePool,
      onIdleError: (error) => logger.warn({ err: error }, 'a database connection was lost'),
    });
    const nats = await connectNats({ url: requireUrl(config, 'natsUrl'), name: `session-ledger ${name}` });
    return new ServiceParts(name, context, createMetrics(name), database, nats);
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
        await stop();
        await server[Symbol.asyncDispose]();
        await this.close();
      },
    };
  }

  async close(): Promise<void> {
    await this.nats.close();
    await this.database[Symbol.asyncDispose]();
  }
}
