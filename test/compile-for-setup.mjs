import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const LIBS = ['embedded', 'testing'];
const RESULTS = LIBS.map((name) => join(ROOT, 'dist', 'libs', name, 'src', 'index.js'));
const STAMP = join(ROOT, 'dist', '.setup-sources');

/** Jest's setup runs outside its transforms and so needs two libs as JavaScript. An error elsewhere in the tree is no hindrance. */
export function compileForSetup() {
  const wanted = fingerprint();
  if (RESULTS.every(existsSync) && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return;
  spawnSync(process.execPath, [join(ROOT, 'tools', 'build.mjs')], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (!RESULTS.every(existsSync))
    throw new Error('What the test setup needs does not compile: `npm run build` says why');
  writeFileSync(STAMP, wanted);
}

function fingerprint() {
  const hash = createHash('sha256');
  for (const sources of LIBS.map((name) => join(ROOT, 'libs', name, 'src'))) {
    for (const file of readdirSync(sources, { recursive: true }).sort()) {
      if (file.endsWith('.ts')) hash.update(`${file}\0`).update(readFileSync(join(sources, file)));
    }
  }
  return hash.digest('hex');
}
