import { performance } from 'node:perf_hooks';
import { type Config, keepIssuer, readConfig, redactConfig } from '#libs/platform';
import { refuseHalfRestored } from './backup/unfinished-restore.js';
import { startBundledServers } from './bundled-servers.js';
import { checkPort } from './check-port.js';
import type { CloseStack } from './close-stack.js';
import { lockDataDir, prepareDataDir } from './data-dir.js';
import { greeting } from './greeting.js';
import { openLog } from './log-file.js';
import { removeServerFile, writeServerFile } from './server-file.js';
import type { StopSignal } from './stop-signal.js';

/** Starts everything in order; what was opened is on the stack, also when a later step throws. */
export async function startStandalone(opened: CloseStack, stop: StopSignal): Promise<void> {
  const config = readConfig();
  const { dataDir } = config;
  prepareDataDir(dataDir);
  const lock = lockDataDir(dataDir);
  opened.push('the data directory', () => lock[Symbol.dispose]());
  refuseHalfRestored(dataDir);
  keepIssuer(dataDir, config.issuer);
  await checkPort(config.host, config.port);
  const log = openLog(dataDir, config.logLevel);
  stop.check();

  // The services' code loads while the servers start.
  const [servers, { SERVICES }] = await Promise.all([
    startBundledServers(config, opened, (message) => process.stdout.write(`  ${message}\n`)),
    import('./services.js'),
  ]);
  stop.check();

  const { databaseUrl, natsUrl } = servers;
  // One process, one health surface: that of the api.
  const complete: Config = { ...config, databaseUrl, natsUrl, healthPort: 0 };
  log.loggerOf('standalone').info({ config: redactConfig(complete) }, 'starting');
  let baseUrl = '';
  for (const [name, start] of Object.entries(SERVICES)) {
    const service = await start({ config: complete, logger: log.loggerOf(name) });
    opened.push(name, () => service.close());
    if (name === 'api') baseUrl = service.url;
    stop.check();
  }

  writeServerFile(dataDir, { baseUrl, natsUrl: servers.natsAddress, pid: process.pid });
  opened.push('server.json', () => removeServerFile(dataDir));
  process.stdout.write(
    greeting({
      baseUrl,
      ownerKeyFile: config.ownerKeyFile,
      dataDir,
      logFile: log.path,
      servers: servers.summary,
      startMs: performance.now(),
    }),
  );
}
