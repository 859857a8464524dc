import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The repository or package that this code runs from: the nearest folder above with a package.json. */
export function installationRoot(from = import.meta.dirname): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) throw new Error('sledger was torn out of its package: package.json is missing');
  }
}

export function programVersion(): string {
  const description = JSON.parse(readFileSync(join(installationRoot(), 'package.json'), 'utf8')) as { version: string };
  return description.version;
}
