import { parseArgs } from 'node:util';
import { isLogLevel, type LogLevel } from './stderr-log.js';

/** How an MCP process is started. Everything is optional: it starts with nothing, and says through its tools what is missing. */
export interface McpOptions {
  dataDir?: string | undefined;
  baseUrl?: string | undefined;
  /** Name of the holder; its token file is `mcp-tokens/<name>`. */
  holder?: string | undefined;
  /** From `LEDGER_SESSION_TOKEN`. */
  token?: string | undefined;
  logLevel?: LogLevel | undefined;
  /** Deadline of one request to the ledger, milliseconds. */
  timeoutMs?: number | undefined;
}

/** Reads arguments, then the environment. The token is taken out of the environment, so that no child inherits it. */
export function readMcpOptions(args: string[], environment: NodeJS.ProcessEnv): McpOptions {
  const { values } = parseArgs({
    args,
    strict: false,
    options: {
      'data-dir': { type: 'string' },
      'base-url': { type: 'string' },
      name: { type: 'string' },
      'log-level': { type: 'string' },
    },
  });
  const given = (name: string, variable: string): string | undefined => {
    const value = values[name];
    return typeof value === 'string' && value !== '' ? value : environment[variable] || undefined;
  };
  const token = environment['LEDGER_SESSION_TOKEN'] || undefined;
  delete environment['LEDGER_SESSION_TOKEN'];
  const logLevel = given('log-level', 'LEDGER_LOG_LEVEL');
  const timeout = Number(environment['LEDGER_REQUEST_TIMEOUT'] ?? NaN);
  return {
    dataDir: given('data-dir', 'LEDGER_DATA_DIR'),
    baseUrl: given('base-url', 'LEDGER_BASE_URL'),
    holder: given('name', 'LEDGER_HOLDER'),
    token,
    ...(logLevel !== undefined && isLogLevel(logLevel) && { logLevel }),
    ...(timeout > 0 && { timeoutMs: timeout * 1000 }),
  };
}
