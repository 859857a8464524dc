import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiKeys, commandDeps, ensureSigningKey } from '#libs/commands';
import { LOG_SUBJECTS } from '#libs/contracts';
import { Channels } from '#libs/deliveries';
import { createLedger, lastPosition } from '#libs/ledger';
import { appendHint, DesktopAccess } from '#libs/messaging';
import { type Config, type RunningService, type ServiceContext, ServiceParts } from '#libs/platform';
import { KeyRing, SecretBox } from '#libs/tokens';
import { createApp } from './create-app.js';
import { UnusedConnections } from './limits/unused-connections.js';
import { OwnerKeyFile } from './owner-credential/owner-key-file.js';
import { OwnerPassword } from './owner-credential/owner-password.js';
import { SourceDelays } from './owner-credential/source-delays.js';
import { RefusalLog } from './problems/refusal-log.js';
import { UpdateHub } from './updates/update-hub.js';

const NAME = 'api';

/** The API with every route that it answers, as `GET /v1/session`. */
export interface RunningApiService extends RunningService {
  readonly routes: readonly string[];
}

/** Starts the HTTP API. */
export async function startApi(context: ServiceContext): Promise<RunningApiService> {
  const { config, logger } = context;
  const service = await ServiceParts.open(NAME, context);
  const { database } = service;
  const updates = new UpdateHub({
    log: { database, source: config.issuer },
    lastPosition: () => lastPosition(database),
    logger,
  });
  try {
    return await startWith(service, updates, context);
  } catch (error) {
    await updates.stop().finally(() => service.close());
    throw error;
  }
}

async function startWith(
  service: ServiceParts,
  updates: UpdateHub,
  { config, logger }: ServiceContext,
): Promise<RunningApiService> {
  const { database, health, nats } = service;
  const ledger = createLedger(database, { onAppended: appendHint(nats) });
  const box = SecretBox.open(config.sealKey);
  const keys = new KeyRing(database, box);
  await ensureSigningKey({ store: ledger, heads: ledger, database, keys });

  await updates.start();
  // What is heard on the bus is a hint only: the truth is read from the log.
  nats.subscribe(LOG_SUBJECTS, { callback: () => updates.wake() });

  const refusals = new RefusalLog(logger);
  const app = await createApp({
    commands: commandDeps({ database, ledger, keys, config }),
    config,
    logger,
    health,
    metrics: service.metrics,
    ownerPassword: new OwnerPassword(OwnerKeyFile.prepare(config.ownerKeyFile), new SourceDelays()),
    apiKeys: new ApiKeys(database),
    refusals,
    updates,
    box,
    channels: new Channels(database, box),
    desktops: config.natsDesktops === undefined ? null : new DesktopAccess(config.natsDesktops),
  });
  const routes = collectRoutes(app);
  const unused = new UnusedConnections(app.getHttpServer());
  await app.listen(config.port, config.host);
  return {
    name: NAME,
    routes,
    url: urlOf(app, config),
    async close() {
      health.drain();
      try {
        await updates.stop();
        await closeGracefully(app, unused);
      } finally {
        refusals.close();
        await service.close();
      }
    },
  };
}

/** Every route that is registered from now on; HEAD goes with its GET. */
function collectRoutes(app: NestFastifyApplication): string[] {
  const routes: string[] = [];
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRoute', ({ method, url }) => {
      const methods = typeof method === 'string' ? [method] : method;
      routes.push(...methods.filter((name) => name !== 'HEAD').map((name) => `${name} ${url}`));
    });
  return routes;
}

const IDLE_CHECK_MS = 50;
/** What was sent before the stop has come by then. */
const FIRST_REQUEST_MS = 1_000;

/** Answers what was accepted. A connection whose last answer comes while we close is kept alive by its client: it is closed then. */
async function closeGracefully(app: NestFastifyApplication, unused: UnusedConnections): Promise<void> {
  const server = app.getHttpServer();
  const closeIdle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
  const closeUnused = setTimeout(() => unused.close(), FIRST_REQUEST_MS);
  try {
    await app.close();
  } finally {
    clearInterval(closeIdle);
    clearTimeout(closeUnused);
  }
}

function urlOf(app: NestFastifyApplication, { host, tls }: Config): string {
  const { port } = app.getHttpServer().address() as AddressInfo;
  return `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
