import type { Cli } from '../cli.js';
import { countOption } from '../options.js';
import { runApp } from './run-app.js';

export async function startStandalone(cli: Cli, { port }: { port?: string }): Promise<number> {
  return runApp(cli, 'standalone', {
    LEDGER_DATA_DIR: cli.settings.dataDir,
    ...(port !== undefined && { LEDGER_PORT: String(countOption('--port', port)) }),
  });
}
