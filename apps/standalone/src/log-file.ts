import { renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { destination, multistream } from 'pino';
import { createLogger, type Logger } from '#libs/platform';

const LIMIT_BYTES = 20 * 1024 * 1024;
const LOOK_AT_SIZE_MS = 60_000;

/** Logs of a standalone process go to a file; only errors also reach the terminal, in one line each. */
export function openLog(dataDir: string, level: string): { path: string; loggerOf: (service: string) => Logger } {
  const path = join(dataDir, 'logs', 'session-ledger.log');
  rotate(path);
  const file = destination({ dest: path, mode: 0o600, sync: true });
  // A full disk stops the log, not the ledger. It is said once.
  file.once('error', (error: Error) => process.stderr.write(`✗ the log ${path} cannot be written: ${error.message}\n`));
  file.on('error', () => undefined);
  setInterval(() => rotate(path) && file.reopen(), LOOK_AT_SIZE_MS).unref();
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

/** Keeps one older file. Returns whether the current one was put away; why one cannot be written is told by the writing. */
function rotate(path: string): boolean {
  try {
    if (statSync(path).size <= LIMIT_BYTES) return false;
    renameSync(path, `${path}.1`);
    return true;
  } catch {
    return false;
  }
}
