import { renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { destination, multistream } from 'pino';
import { createLogger, type Logger } from '#libs/platform';

const LIMIT_BYTES = 20 * 1024 * 1024;

/** Logs of a standalone process go to a file; only errors also reach the terminal, in one line each. */
export function openLog(dataDir: string, level: string): { path: string; loggerOf: (service: string) => Logger } {
  const path = join(dataDir, 'logs', 'session-ledger.log');
  rotate(path);
  const file = destination({ dest: path, mode: 0o600, sync: true });
  const both = multistream([
    { level: 'trace', stream: file },
    { level: 'error', stream: { write: toTerminal } },
  ]);
  return { path, loggerOf: (service) => createLogger({ service, level, destination: both }) };
}

function toTerminal(line: string): void {
  const { service, msg } = JSON.parse(line) as { service: string; msg: string };
  process.stderr.write(`✗ ${service}: ${msg}\n`);
}

function rotate(path: string): void {
  try {
    if (statSync(path).size > LIMIT_BYTES) renameSync(path, `${path}.1`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
