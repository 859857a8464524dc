import { NestFactory } from '@nestjs/core';
import { LOG } from '#libs/contracts';
import { LogKeys } from '#libs/ledger';
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
  const origin = `${new URL(config.issuer).host}/log/${LOG}`;
  const signer = await new LogKeys(database).signer(SecretBox.open(config.sealKey), origin);
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
