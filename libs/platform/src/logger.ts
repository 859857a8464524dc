import type { LoggerService } from '@nestjs/common';
import { pino, type DestinationStream, type Logger } from 'pino';

export type { Logger } from 'pino';

/** Field names whose values never reach a log, wherever they stand in the first two levels. */
const SECRET_FIELDS = [
  'token',
  'sealedToken',
  'password',
  'secret',
  'authorization',
  'ownerKey',
  'botToken',
  'smtpUrl',
];

export interface LoggerOptions {
  /** Name of the service, on every line. */
  service: string;
  level: string;
  /** Default: standard output. */
  destination?: DestinationStream;
}

/** JSON lines with RFC 3339 times. */
export function createLogger({ service, level, destination }: LoggerOptions): Logger {
  const options = {
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]), censor: '[secret]' },
  };
  return destination ? pino(options, destination) : pino(options);
}

/** Nest's own lines, in our format and with its start-up chatter at debug. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, context?: string): void {
    this.logger.debug({ context }, String(message));
  }

  warn(message: unknown, context?: string): void {
    this.logger.warn({ context }, String(message));
  }

  error(message: unknown, stack?: string, context?: string): void {
    this.logger.error({ context, stack }, String(message));
  }
}
