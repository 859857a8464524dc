import { ConfigError, loadConfig, redactConfig, type Config } from './config.js';
import { createLogger, type Logger } from './logger.js';

export interface ServiceContext {
  config: Config;
  logger: Logger;
}

/** A started service. `close` stops taking work, ends what is in flight, and resolves when nothing of it is left. */
export interface RunningService {
  name: string;
  /** Where its HTTP surface or health server listens. */
  url: string;
  close(): Promise<void>;
}

export type StartService = (context: ServiceContext) => Promise<RunningService>;

/** After this, a service that does not end by itself is ended. A message under way may take 20 s (a dripping mail server's longer): cut off, it would be sent again. */
const CLOSE_DEADLINE_MS = 25_000;

/** The main of a service that runs as a process of its own. */
export async function runService(name: string, start: StartService): Promise<void> {
  let logger: Logger | undefined;
  try {
    const config = loadConfig(process.env);
    logger = createLogger({ service: name, level: config.logLevel });
    logger.info({ config: redactConfig(config) }, `starting ${name}`);
    const service = await start({ config, logger });
    logger.info({ url: service.url }, `${name} is ready`);
    closeOnSignal(service, logger);
  } catch (error) {
    reportFailure(name, error, logger);
    process.exitCode = 1;
    // A half-started service may hold sockets open; it has nothing left to do.
    setTimeout(() => process.exit(1), 1000).unref();
  }
}

function reportFailure(name: string, error: unknown, logger: Logger | undefined): void {
  if (logger && !(error instanceof ConfigError))
    logger.fatal({ err: error }, `${name} cannot start: ${(error as Error).message}`);
  else process.stderr.write(`${name} cannot start. ${(error as Error).message}\n`);
}

function closeOnSignal(service: RunningService, logger: Logger): void {
  let closing = false;
  const close = (signal: NodeJS.Signals) => {
    if (closing) return;
    closing = true;
    logger.info({ signal }, `stopping ${service.name}`);
    const deadline = setTimeout(() => {
      logger.error(`${service.name} did not stop within ${CLOSE_DEADLINE_MS} ms`);
      process.exit(1);
    }, CLOSE_DEADLINE_MS);
    service.close().then(
      () => {
        clearTimeout(deadline);
        process.exit(0);
      },
      (error: unknown) => {
        logger.error({ err: error }, `${service.name} stopped with an error`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', close);
  process.on('SIGINT', close);
  // The bootstrap that started us was killed.
  process.once('disconnect', () => close('SIGHUP'));
}

/** The URL of a server that a service running apart cannot do without. */
export function requireUrl(config: Config, key: 'databaseUrl' | 'natsUrl'): string {
  const url = config[key];
  if (url === undefined) {
    const name = key === 'databaseUrl' ? 'DATABASE_URL' : 'NATS_URL';
    throw new ConfigError(`${name} is not set. Give the server's URL, or use \`npm start\`, which brings its own.`);
  }
  return url;
}
