import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

const HOLDER_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** The data directory: `LEDGER_DATA_DIR`, else the argument, else `~/.session-ledger`. Always absolute. */
export function getDataDir(dataDir?: string): string {
  const fromEnvironment = process.env['LEDGER_DATA_DIR'];
  return resolve(fromEnvironment || dataDir || join(homedir(), '.session-ledger'));
}

/**
 * Where the token lives: `mcp-token`, or `mcp-tokens/<name>` for a holder with its own name.
 *
 * @throws TypeError when the holder's name could leave the directory
 */
export function getMcpTokenPath(dataDir?: string, holderName?: string): string {
  const directory = getDataDir(dataDir);
  if (holderName === undefined || holderName === DEFAULT_HOLDER) return join(directory, 'mcp-token');
  return join(directory, 'mcp-tokens', checkedName(holderName));
}

/**
 * Where a holder keeps the signed checkpoints of the log that it has seen: `witnesses/<name>`.
 *
 * @throws TypeError when the holder's name could leave the directory
 */
export function getWitnessPath(dataDir?: string, holderName = DEFAULT_HOLDER): string {
  return join(getDataDir(dataDir), 'witnesses', checkedName(holderName));
}

function checkedName(holderName: string): string {
  if (HOLDER_NAME.test(holderName)) return holderName;
  throw new TypeError(`"${holderName}" is no holder name: use up to 64 letters, digits, dots, dashes and underscores.`);
}

/** The holder that uses the plain `mcp-token` file. */
export const DEFAULT_HOLDER = 'default';
