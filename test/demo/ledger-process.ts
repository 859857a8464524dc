import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunningProcess, startProcess } from '#libs/testing';
import { ROOT } from './sledger.js';

/** Lets a story of weeks pass in seconds; each is a documented key of the configuration. */
export const FAST: Record<string, string> = {
  LEDGER_PORT: '0',
  LEDGER_MIN_TTL: '2',
  LEDGER_MIN_LIFETIME: '10',
  LEDGER_SWEEP_INTERVAL: '0.2',
  LEDGER_ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
};

export interface StartedLedger extends AsyncDisposable {
  process: RunningProcess;
  baseUrl: string;
}

/** Starts the standalone on this data directory and resolves when it says that it is ready. */
export async function startLedger(dataDir: string, env: Record<string, string> = FAST): Promise<StartedLedger> {
  const ledger = await startProcess(process.execPath, {
    args: [join(ROOT, 'dist', 'apps', 'standalone', 'src', 'main.js')],
    env: { ...env, LEDGER_DATA_DIR: dataDir },
  });
  await ledger.waitFor(/is ready/);
  const { baseUrl } = JSON.parse(readFileSync(join(dataDir, 'server.json'), 'utf8')) as { baseUrl: string };
  return {
    process: ledger,
    baseUrl,
    async [Symbol.asyncDispose]() {
      await ledger.stop();
    },
  };
}
