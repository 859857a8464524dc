import type { Cli } from '../cli.js';
import { runApp } from '../start/run-app.js';

/** Becomes the MCP process: from here on stdout belongs to the protocol. */
export async function serve(cli: Cli, args: string[]): Promise<number> {
  const { dataDir, baseUrl } = cli.settings;
  return runApp(
    cli,
    'mcp',
    { LEDGER_DATA_DIR: dataDir, ...(baseUrl !== undefined && { LEDGER_BASE_URL: baseUrl }) },
    args,
  );
}
