export {
  ConfigError,
  loadConfig,
  readConfig,
  redactConfig,
  redactUrl,
  type Config,
  type Environment,
} from './config.js';
export { createLogger, NestLogger, type Logger, type LoggerOptions } from './logger.js';
export { programVersion } from './program-version.js';
export { newId, newSecret } from './ids.js';
export { Counter, createMetrics, Gauge, Histogram, type Registry } from './telemetry.js';
export { Health, type HealthReport } from './health.js';
export { requireUrl, runService, type RunningService, type ServiceContext, type StartService } from './lifecycle.js';
export { RecentMap } from './recent-map.js';
export { createOnce } from './create-once.js';
export { keepIssuer } from './issuer-file.js';
export { ServiceParts } from './service-parts.js';
