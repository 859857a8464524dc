import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const SOURCES = join(ROOT, 'libs', 'embedded', 'src');
const RESULT = join(ROOT, 'dist', 'libs', 'embedded', 'src', 'index.js');
const STAMP = join(ROOT, 'dist', '.embedded-sources');

/** Jest's setup runs outside its transforms and so needs `libs/embedded` as JavaScript. An error elsewhere in the tree is no hindrance. */
export function compileEmbedded() {
  const wanted = fingerprint();
  if (existsSync(RESULT) && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return;
  spawnSync(process.execPath, [join(ROOT, 'tools', 'build.mjs')], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (!existsSync(RESULT)) throw new Error('libs/embedded does not compile: `npm run build` says why');
  writeFileSync(STAMP, wanted);
}

function fingerprint() {
  const hash = createHash('sha256');
  for (const file of readdirSync(SOURCES, { recursive: true }).sort()) {
    if (file.endsWith('.ts')) hash.update(`${file}\0`).update(readFileSync(join(SOURCES, file)));
  }
  return hash.digest('hex');
}
