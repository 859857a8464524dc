import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const SOURCES = join(ROOT, 'libs', 'embedded', 'src');
const RESULT = join(ROOT, 'dist', 'libs', 'embedded', 'src');

/** Jest's setup runs outside its transforms and so needs `libs/embedded` as JavaScript. An error elsewhere in the tree is no hindrance. */
export function compileEmbedded() {
  if (!isStale()) return;
  spawnSync(process.execPath, [join(ROOT, 'tools', 'build.mjs')], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (isStale()) throw new Error('libs/embedded does not compile: `npm run build` says why');
}

function isStale() {
  return readdirSync(SOURCES, { recursive: true })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
    .some((file) => {
      const result = join(RESULT, file.replace(/\.ts$/, '.js'));
      return !existsSync(result) || statSync(result).mtimeMs < statSync(join(SOURCES, file)).mtimeMs;
    });
}
