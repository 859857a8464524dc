import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { childEnvironment } from '../child-environment.js';

const run = promisify(execFile);
const TIMEOUT_MS = 180_000;

export function hasApt(): boolean {
  return existsSync('/usr/bin/apt-get') && existsSync('/usr/bin/dpkg');
}

/**
 * Fetches a package from the machine's own apt sources and unpacks it under `folder`. Needs no root, no package lists
 * and changes nothing else: apt keeps its state in the folder, and no system service is set up.
 */
export async function aptDownload(packageName: string, folder: string): Promise<string> {
  for (const part of ['state/lists/partial', 'cache/archives/partial', 'root']) {
    mkdirSync(join(folder, part), { recursive: true });
  }
  const options = [
    `Dir::State=${join(folder, 'state')}`,
    `Dir::Cache=${join(folder, 'cache')}`,
    'Dir::State::status=/var/lib/dpkg/status',
    'APT::Sandbox::User=root',
    'Debug::NoLocking=1',
  ].flatMap((option) => ['-o', option]);
  const apt = (...args: string[]): Promise<unknown> =>
    run('apt-get', [...options, ...args], { cwd: folder, timeout: TIMEOUT_MS, env: childEnvironment() });

  await apt('--quiet', 'update');
  await apt('--quiet', 'download', packageName);
  const archive = readdirSync(folder).find((file) => file.endsWith('.deb'));
  if (archive === undefined) throw new Error(`apt-get downloaded no package ${packageName}`);
  await run('dpkg', ['-x', join(folder, archive), join(folder, 'root')], {
    timeout: TIMEOUT_MS,
    env: childEnvironment(),
  });
  return join(folder, 'root');
}
