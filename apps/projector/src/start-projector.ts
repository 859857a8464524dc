import { NestFactory } from '@nestjs/core';
import { toCloudEvent } from '#libs/contracts';
import { lead, LOCKS } from '#libs/database';
import { readRecorded } from '#libs/ledger';
import { JetStreamStrategy } from '#libs/messaging';
import { NestLogger, ServiceParts, type RunningService, type ServiceContext } from '#libs/platform';
import { Projection, type ReadLog } from '#libs/read-models';
import { ProjectorMetrics } from './projector-metrics.js';
import { ProjectorModule } from './projector.module.js';
import { rebuildDue } from './rebuild-due.js';

const NAME = 'projector';

/** Starts the projector, or its standby: read models from the log. */
export async function startProjector(context: ServiceContext): Promise<RunningService> {
  const { config, logger } = context;
  const service = await ServiceParts.open(NAME, context);
  const { database } = service;
  const metrics = new ProjectorMetrics(service.metrics);
  const projection = new Projection(database);
  const readLog: ReadLog = async (after, limit) =>
    (await readRecorded(database, after, limit)).map((event) => toCloudEvent(event, config.issuer));
  const strategy = new JetStreamStrategy({
    connection: service.nats,
    durable: NAME,
    checkpoint: async () => {
      await rebuildDue(database, readLog, logger);
      return projection.checkpoint();
    },
    readLog,
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
  service.health.register({
    name: 'log',
    check: () => {
      const { parked } = strategy.state;
      if (parked) throw new Error(`event ${parked.eventId} at position ${parked.position} cannot be applied`);
    },
  });
  return service.serve(() => app.close());
}
