import { NestFactory } from '@nestjs/core';
import { LogKeys, logOrigin } from '#libs/ledger';
import { NestLogger, ServiceParts, type RunningService, type ServiceContext } from '#libs/platform';
import { SecretBox } from '#libs/tokens';
import { SequencerMetrics } from './sequencer-metrics.js';
import { SequencerModule } from './sequencer.module.js';

const NAME = 'sequencer';

/** Starts the log's leader, or its standby: positions, tree, checkpoints, relay. */
export async function startSequencer(context: ServiceContext): Promise<RunningService> {
  const { config, logger } = context;
  const service = await ServiceParts.open(NAME, context);
  const { database } = service;
  const keys = new LogKeys(database);
  const box = SecretBox.open(config.sealKey);
  const signer = () => keys.signer(box, logOrigin(config.issuer));
  // What a wrong sealing key cannot open is told at the start.
  await signer();
  const parts = {
    database,
    connection: service.nats,
    signer,
    stream: { replicas: config.natsReplicas, maxAge: config.streamMaxAge },
    source: config.issuer,
    logger,
    metrics: new SequencerMetrics(service.metrics),
  };
  const app = await NestFactory.createApplicationContext(SequencerModule.with(parts), {
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  return service.serve(() => app.close());
}
