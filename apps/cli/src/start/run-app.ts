import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Cli } from '../cli.js';
import { giveEnvironment } from '../environment.js';
import { EXIT, Failure } from '../failure.js';
import { installationRoot } from '../installation.js';

/**
 * Runs another app's main in this very process: it owns stdin, stdout and the signals from here on. A child process
 * would cost memory and be one more thing to stop.
 */
export async function runApp(
  cli: Cli,
  app: string,
  environment: Record<string, string>,
  args: string[] = [],
): Promise<number> {
  const path = builtFile(app, 'main.js');
  cli.screen.endProgress();
  giveEnvironment(environment);
  // How to end is the app's own affair from here on, also when nobody reads its output any more.
  process.stdout.removeAllListeners('error');
  process.argv.splice(1, process.argv.length, path, ...args);
  await import(pathToFileURL(path).href);
  return Number(process.exitCode ?? EXIT.done);
}

/** A compiled file of an app of this installation. */
export function builtFile(app: string, ...parts: string[]): string {
  const path = join(installationRoot(), 'dist', 'apps', app, 'src', ...parts);
  if (existsSync(path)) return path;
  throw new Failure(`${path} is not there`, 'Run `npm run build` in the repository first.', 'not_built');
}
