import { join } from 'node:path';
import { installationRoot } from '../installation.js';
import type { Settings } from '../settings.js';
import type { ServerEntry } from './desktop-host.js';

const SERVER_NAME = 'session-ledger';

/** The entry's name in a host's list; a named holder has one of its own. */
export function serverName(holderName: string | undefined): string {
  return holderName === undefined ? SERVER_NAME : `${SERVER_NAME}-${holderName}`;
}

/**
 * How a host starts our MCP process. Absolute paths, because desktop programs have a PATH of their own. No secret: token
 * and keys are in the data directory. The server's address is named only where it does not stand there too.
 */
export function serverEntry(settings: Settings, holderName: string | undefined): ServerEntry {
  return {
    command: process.execPath,
    args: [
      join(installationRoot(), 'apps', 'cli', 'bin', 'sledger.mjs'),
      'mcp',
      'serve',
      ...(holderName === undefined ? [] : ['--name', holderName]),
    ],
    env: {
      LEDGER_DATA_DIR: settings.dataDir,
      ...(settings.baseUrl !== undefined && { LEDGER_BASE_URL: settings.baseUrl }),
    },
  };
}
