import { readFileSync } from 'node:fs';
import { type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiKeys, ensureSigningKey } from '#libs/commands';
import { APPEND_HINT_SUBJECT, LOG_SUBJECTS } from '#libs/contracts';
import { Database } from '#libs/database';
import { Channels } from '#libs/deliveries';
import { createLedger, lastPosition } from '#libs/ledger';
import { connectNats } from '#libs/messaging';
import {
  type Config,
  createMetrics,
  Health,
  NestLogger,
  newId,
  requireUrl,
  type RunningService,
  type ServiceContext,
} from '#libs/platform';
import { KeyRing, SecretBox, TokenIssuer, TokenVerifier } from '#libs/tokens';
import { type ApiContext } from './api-context.js';
import { ApiModule } from './api.module.js';
import { OwnerKeyFile } from './owner-credential/owner-key-file.js';
import { OwnerPassword } from './owner-credential/owner-password.js';
import { SourceDelays } from './owner-credential/source-delays.js';
import { ProblemFilter } from './problems/problem.filter.js';
import { UpdateHub } from './updates/update-hub.js';

const NAME = 'api';
const BODY_LIMIT = 65_536;
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** The API with every route that it answers, as `GET /v1/session`. */
export interface RunningApiService extends RunningService {
  readonly routes: readonly string[];
}

/** Starts the HTTP API. */
export async function startApi({ config, logger }: ServiceContext): Promise<RunningApiService> {
  const database = await Database.open({
    url: requireUrl(config, 'databaseUrl'),
    applicationName: `session-ledger ${NAME}`,
    poolSize: config.databasePool,
    onIdleError: (error) => logger.warn({ err: error }, 'a database connection was lost'),
  });
  const nats = await connectNats({ url: requireUrl(config, 'natsUrl'), name: `session-ledger ${NAME}` });
  const ledger = createLedger(database, { onAppended: () => nats.publish(APPEND_HINT_SUBJECT) });
  const box = SecretBox.open(config.sealKey);
  const keys = new KeyRing(database, box);
  await ensureSigningKey({ store: ledger, heads: ledger, database, keys });

  const updates = new UpdateHub({
    store: ledger,
    lastPosition: () => lastPosition(database),
    source: config.issuer,
    logger,
  });
  await updates.start();
  // What is heard on the bus is a hint only: the truth is read from the log.
  nats.subscribe(LOG_SUBJECTS, { callback: () => updates.wake() });

  const health = new Health();
  health.register({ name: 'database', check: async () => void (await database.query('select 1')) });
  const context: ApiContext = {
    commands: {
      store: ledger,
      heads: ledger,
      database,
      keys,
      issuer: new TokenIssuer(keys, { issuer: config.issuer, newId }),
      verifier: new TokenVerifier(keys, { issuer: config.issuer }),
      settings: config,
    },
    config,
    logger,
    health,
    metrics: createMetrics(NAME),
    ownerPassword: new OwnerPassword(OwnerKeyFile.prepare(config.ownerKeyFile), new SourceDelays()),
    apiKeys: new ApiKeys(database),
    updates,
    channels: new Channels(database, box),
  };
  const app = await createApp(context);
  const routes = collectRoutes(app);
  await app.listen(config.port, config.host);
  return {
    name: NAME,
    routes,
    url: urlOf(app, config),
    async close() {
      health.drain();
      await updates.stop();
      await app.close();
      await nats.close();
      await database[Symbol.asyncDispose]();
    },
  };
}

async function createApp(context: ApiContext): Promise<NestFastifyApplication> {
  const { config, logger } = context;
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    trustProxy: config.trustedProxies.length > 0 ? config.trustedProxies : false,
    forceCloseConnections: true,
    requestIdHeader: false,
    genReqId: ({ headers }: { headers: IncomingHttpHeaders }) => {
      const given = headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : newId();
    },
    ...(config.tls && { https: { cert: readFileSync(config.tls.certFile), key: readFileSync(config.tls.keyFile) } }),
  });
  const app = await NestFactory.create<NestFastifyApplication>(ApiModule.with(context), adapter, {
    logger: new NestLogger(logger),
    abortOnError: false,
  });
  const problems = new ProblemFilter(logger);
  app.useGlobalFilters(problems);
  const fastify = adapter.getInstance();
  fastify.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id).header('cache-control', 'no-store');
  });
  return app;
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

function urlOf(app: NestFastifyApplication, { host, tls }: Config): string {
  const { port } = app.getHttpServer().address() as AddressInfo;
  return `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
