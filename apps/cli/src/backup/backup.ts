import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { Cli } from '../cli.js';
import { Failure } from '../failure.js';
import { builtFile } from '../start/run-app.js';
import { printable } from '../terminal/printable.js';

/** The JSON form of the result. */
export interface BackupResult {
  folder: string;
  dataDir: string;
  madeAt: string;
  files: number;
  warning?: string;
}

/** The copying is the server's own work: it knows where its database lies and who owns it. */
export async function runBackup(cli: Cli, action: 'backup' | 'restore', folder: string): Promise<void> {
  const main = builtFile('standalone', 'backup', 'main.js');
  const label = action === 'backup' ? 'copying the ledger' : 'putting the ledger back';
  const result = await cli.screen.during(label, () => answerOf([main, action, folder]));
  if (result.warning !== undefined && !cli.screen.json) cli.screen.warn(printable(result.warning));
  cli.screen.result(result, () =>
    action === 'restore'
      ? `Restored the backup of ${result.madeAt} (${result.files} files) to ${result.dataDir}. Start it: sledger start`
      : `${result.files} files are in ${result.folder}. It holds every key and secret of the ledger: keep it as safe as the ledger itself.`,
  );
}

/** Runs it beside this process, so that the progress line can move meanwhile. Its answer and its refusal are JSON. */
async function answerOf(args: string[]): Promise<BackupResult> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  if (code === 0) return JSON.parse(stdout) as BackupResult;
  throw new Failure(refusalIn(stderr), undefined, 'backup_failed');
}

function refusalIn(stderr: string): string {
  try {
    return printable((JSON.parse(stderr.trim()) as { error: string }).error);
  } catch {
    return `it ended with: ${printable(stderr.trim().slice(-500))}`;
  }
}
