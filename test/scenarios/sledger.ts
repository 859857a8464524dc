import { join } from 'node:path';
import { startProcess } from '#libs/testing';

/** From the sources and from dist alike. */
const BIN = join(process.cwd(), 'apps', 'cli', 'bin', 'sledger.mjs');

export interface SledgerOptions {
  dataDir: string;
  baseUrl?: string;
  /** Where it is not in the data directory. */
  ownerKeyFile?: string;
}

/** Runs the real command line in a process of its own and reads its JSON; fails when the command failed. */
export async function sledgerJson<T>(options: SledgerOptions, ...args: string[]): Promise<T> {
  const { dataDir, baseUrl, ownerKeyFile } = options;
  const command = await startProcess(process.execPath, {
    args: [BIN, ...args, '--output', 'json'],
    env: {
      LEDGER_DATA_DIR: dataDir,
      ...(baseUrl !== undefined && { LEDGER_BASE_URL: baseUrl }),
      ...(ownerKeyFile !== undefined && { LEDGER_OWNER_KEY_FILE: ownerKeyFile }),
    },
  });
  command.child.stdin.end();
  const { code } = await command.exited;
  if (code !== 0) throw new Error(`sledger ${args.join(' ')} ended with ${code}: ${command.output}`);
  return JSON.parse(command.stdout) as T;
}
