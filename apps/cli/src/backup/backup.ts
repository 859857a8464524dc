import type { Cli } from '../cli.js';
import { runApp } from '../start/run-app.js';

/** The copying is the server's own work: it knows where its database lies and who owns it. */
export async function runBackup(cli: Cli, action: 'backup' | 'restore', folder: string): Promise<number> {
  const environment = { LEDGER_DATA_DIR: cli.settings.dataDir };
  return runApp('standalone', environment, [action, folder, cli.settings.output], 'backup/main.js');
}
