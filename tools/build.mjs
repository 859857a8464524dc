/** Compiles the whole tree once with tsc and puts the files beside the code that loads them at run time. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
/** Folders of libs and apps that hold no TypeScript but are read at run time. */
const ASSETS = ['sql', 'migrations', 'assets'];

// Without the record, tsc writes everything; with it, only what changed.
const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);

for (const kind of ['libs', 'apps']) {
  for (const name of readdirSync(join(root, kind))) {
    for (const folder of ASSETS) {
      const from = join(root, kind, name, folder);
      const to = join(root, 'dist', kind, name, folder);
      // A migration that was renamed must not run under its old name as well.
      rmSync(to, { recursive: true, force: true });
      if (existsSync(from)) cpSync(from, to, { recursive: true });
    }
  }
}
