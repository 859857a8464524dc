import { NestFactory } from '@nestjs/core';
import { toCloudEvent } from '#libs/contracts';
import { type Database, lead, LOCKS } from '#libs/database';
import { createLedger, lastPosition, readRecorded } from '#libs/ledger';
import { JetStreamStrategy } from '#libs/messaging';
import { NestLogger, ServiceParts, type Logger, type RunningService, type ServiceContext } from '#libs/platform';
import { SecretBox } from '#libs/tokens';
import { openBots } from './bot/open-bots.js';
import { configureChannels } from './configured-channels/configure-channels.js';
import { followChannelsFile } from './configured-channels/follow-channels-file.js';
import { Notifier } from './notifier.js';
import { NotifierModule } from './notifier.module.js';
import { dueSessionCommands } from './sweep/due-session-commands.js';

const NAME = 'notifier';

/** Starts the notifier: reads the log, sweeps what is due, delivers what must be told. */
export async function startNotifier(context: ServiceContext): Promise<RunningService> {
  const { config, logger } = context;
  const service = await ServiceParts.open(NAME, context);
  const { database } = service;
  const ledger = createLedger(database);
  const box = SecretBox.open(config.sealKey);
  const allowedTargets = config.allowPrivateTargets;
  const channelsFile = { database, box, logger, file: config.channelsFile, allowedTargets };
  await configureChannels(channelsFile);
  const notifier = new Notifier({
    database,
    box,
    logger,
    metrics: service.metrics,
    commands: dueSessionCommands(ledger),
    allowedTargets,
    sweepSeconds: config.sweepInterval,
  });
  await goOnAtTheEnd(database, notifier, logger);
  const strategy = new JetStreamStrategy({
    connection: service.nats,
    durable: NAME,
    checkpoint: () => notifier.checkpoint(),
    readLog: async (after, limit) =>
      (await readRecorded(database, after, limit)).map((event) => toCloudEvent(event, config.issuer)),
    lead: (signal) => lead(database, LOCKS.notifierConsumer, signal),
    onParked: ({ position, eventId, error }) =>
      logger.error(
        { err: error, position, eventId },
        'an event cannot be taken in: no later alert goes out before it is mended',
      ),
    onResumed: () => logger.info('the event was taken in after all'),
    onTrouble: (error) => logger.warn({ err: error }, 'reading the log is tried again'),
  });
  const app = await NestFactory.createMicroservice(NotifierModule.with(notifier), {
    strategy,
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  await app.listen();
  notifier.start();
  const following = followChannelsFile(channelsFile);
  const bots = openBots({ config, database, ledger, box, logger });
  service.health.register({
    name: 'log',
    check: () => {
      const { parked } = strategy.state;
      if (parked) throw new Error(`event ${parked.eventId} at position ${parked.position} cannot be taken in`);
    },
  });
  return service.serve(async () => {
    await following?.close();
    await bots.close();
    await app.close();
    await notifier.close();
  });
}

/** A checkpoint that is gone with a restored or emptied database: repeating everything is worse than a gap that is said. */
async function goOnAtTheEnd(database: Database, notifier: Notifier, logger: Logger): Promise<void> {
  if (await notifier.knowsItsPlace()) return;
  const end = await lastPosition(database);
  await notifier.skipTo(end);
  if (end > 0) {
    logger.error({ position: end }, 'how far the log was taken in is not known any more: alerts go on at its end');
  }
}
