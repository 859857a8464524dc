/** Compiles the whole tree once with tsc and puts the SQL files beside the code that loads them. */
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);

for (const lib of readdirSync(join(root, 'libs'))) {
  for (const folder of ['sql', 'migrations']) {
    const from = join(root, 'libs', lib, folder);
    if (existsSync(from)) cpSync(from, join(root, 'dist', 'libs', lib, folder), { recursive: true });
  }
}
