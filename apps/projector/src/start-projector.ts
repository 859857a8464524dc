import { NestFactory } from '@nestjs/core';
import { toCloudEvent } from '#libs/contracts';
import { Database, lead, LOCKS } from '#libs/database';
import { readRecorded } from '#libs/ledger';
import { connectNats, JetStreamStrategy } from '#libs/messaging';
import {
  createMetrics,
  Health,
  NestLogger,
  requireUrl,
  serveHealth,
  type RunningService,
  type ServiceContext,
} from '#libs/platform';
import { Projection } from '#libs/read-models';
import { ProjectorMetrics } from './projector-metrics.js';
import { ProjectorModule } from './projector.module.js';

const NAME = 'projector';

/** Starts the projector, or its standby: read models from the log. */
export async function startProjector({ config, logger }: ServiceContext): Promise<RunningService> {
  const registry = createMetrics(NAME);
  const metrics = new ProjectorMetrics(registry);
  const health = new Health();
  const database = await Database.open({
    url: requireUrl(config, 'databaseUrl'),
    applicationName: `session-ledger ${NAME}`,
    poolSize: config.databasePool,
    onIdleError: (error) => logger.warn({ err: error }, 'a database connection was lost'),
  });
  const connection = await connectNats({ url: requireUrl(config, 'natsUrl'), name: `session-ledger ${NAME}` });
  const projection = new Projection(database);
  const strategy = new JetStreamStrategy({
    connection,
    durable: NAME,
    checkpoint: () => projection.checkpoint(),
    readLog: async (after, limit) =>
      (await readRecorded(database, after, limit)).map((event) => toCloudEvent(event, config.issuer)),
    lead: (signal) => lead(database, LOCKS.projector, signal),
    onApplied: (count, position) => {
      metrics.applied.inc(count);
      metrics.position.set(position);
    },
    onParked: ({ position, eventId, error }) => {
      metrics.parked.set(1);
      logger.error(
        { err: error, position, eventId },
        `event ${eventId} at position ${position} cannot be applied: the read models stand still until it can`,
      );
    },
    onResumed: () => {
      metrics.parked.set(0);
      logger.info('the event was applied after all; the read models go on');
    },
    onTrouble: (error) => logger.warn({ err: error }, 'reading the log is tried again'),
  });
  const app = await NestFactory.createMicroservice(ProjectorModule.with(projection), {
    strategy,
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  await app.listen();
  health.register({ name: 'database', check: async () => void (await database.query('select 1')) });
  health.register({
    name: 'log',
    check: () => {
      const { parked } = strategy.state;
      if (parked) throw new Error(`event ${parked.eventId} at position ${parked.position} cannot be applied`);
    },
  });
  const server = await serveHealth({ health, metrics: registry }, { host: config.host, port: config.healthPort });
  return {
    name: NAME,
    url: `http://${config.host}:${server.port}`,
    async close() {
      health.drain();
      await app.close();
      await connection.close();
      await server[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}
