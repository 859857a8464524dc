import { NestFactory } from '@nestjs/core';
import { LOG } from '#libs/contracts';
import { Database } from '#libs/database';
import { LogKeys } from '#libs/ledger';
import { connectNats } from '#libs/messaging';
import {
  createMetrics,
  Health,
  NestLogger,
  requireUrl,
  serveHealth,
  type RunningService,
  type ServiceContext,
} from '#libs/platform';
import { SecretBox } from '#libs/tokens';
import { SequencerMetrics } from './sequencer-metrics.js';
import { SequencerModule } from './sequencer.module.js';

const NAME = 'sequencer';

/** Starts the log's leader, or its standby: positions, tree, checkpoints, relay. */
export async function startSequencer({ config, logger }: ServiceContext): Promise<RunningService> {
  const registry = createMetrics(NAME);
  const health = new Health();
  const database = await Database.open({
    url: requireUrl(config, 'databaseUrl'),
    applicationName: 'session-ledger sequencer',
    poolSize: config.databasePool,
    onIdleError: (error) => logger.warn({ err: error }, 'a database connection was lost'),
  });
  const connection = await connectNats({ url: requireUrl(config, 'natsUrl'), name: `session-ledger ${NAME}` });
  const origin = `${new URL(config.issuer).host}/log/${LOG}`;
  const signer = await new LogKeys(database).signer(SecretBox.open(config.sealKey), origin);
  const parts = {
    database,
    connection,
    signer,
    stream: { replicas: config.natsReplicas, maxAge: config.streamMaxAge },
    source: config.issuer,
    logger,
    metrics: new SequencerMetrics(registry),
  };
  const app = await NestFactory.createApplicationContext(SequencerModule.with(parts), {
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  health.register({ name: 'database', check: async () => void (await database.query('select 1')) });
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
