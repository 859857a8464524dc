import { join } from 'node:path';
import { startProcess } from '#libs/testing';

/** Root of the installation, from dist/test/demo and from test/demo alike. */
export const ROOT = process.cwd();

export interface Owner {
  dataDir: string;
  baseUrl?: string;
}

/** Runs the real command line and answers what it printed; throws with its own words when it fails. */
export async function sledger({ dataDir, baseUrl }: Owner, args: string[], stdin = ''): Promise<string> {
  const env = { LEDGER_DATA_DIR: dataDir, ...(baseUrl !== undefined && { LEDGER_BASE_URL: baseUrl }) };
  const command = await startProcess(process.execPath, {
    args: [join(ROOT, 'apps', 'cli', 'bin', 'sledger.mjs'), ...args],
    env,
  });
  command.child.stdin.end(stdin);
  const { code } = await command.exited;
  if (code !== 0) throw new Error(`sledger ${args.join(' ')} ended with ${code}:\n${command.output}`);
  return command.stdout;
}

export async function sledgerJson<T>(owner: Owner, args: string[], stdin?: string): Promise<T> {
  return JSON.parse(await sledger(owner, [...args, '--output', 'json'], stdin)) as T;
}
