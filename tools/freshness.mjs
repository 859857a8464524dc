/** Whether node_modules and dist match the sources, and what brings them there. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..');
const INSTALL_STAMP = join(ROOT, 'node_modules', '.session-ledger-install');
const BUILD_STAMP = join(ROOT, 'dist', '.session-ledger-build');
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const SOURCE_FOLDERS = ['apps', 'libs', 'test', 'tools'];
const SOURCE_FILE = /\.(ts|sql|html|css|js|mjs|svg|json)$/;

/** Runs `npm ci` when node_modules is missing or belongs to another lockfile. */
export async function ensureInstalled() {
  const wanted = hashFiles(['package-lock.json']);
  if (readOptional(INSTALL_STAMP) === wanted) return;
  if (existsSync(INSTALL_STAMP) || !matchesLockfile()) {
    step('Installing dependencies (npm ci)');
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    await run(
      npm,
      ['ci', '--no-audit', '--no-fund', '--loglevel=error'],
      'npm ci failed. Its output above says why; mend that and try again.',
    );
  }
  writeFileSync(INSTALL_STAMP, wanted);
}

/** For a node_modules that `npm install` or `npm ci` made without us: npm records there what it installed. */
function matchesLockfile() {
  const record = readOptional(join(ROOT, 'node_modules', '.package-lock.json'));
  if (record === undefined) return false;
  const installed = JSON.parse(record).packages;
  const wanted = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    // Optional packages are those of other platforms.
    return path === '' || installed[path]?.version === version || (optional && installed[path] === undefined);
  });
}

/** Compiles when a source changed since the last complete build. */
export async function ensureBuilt() {
  const wanted = fingerprintSources();
  if (readOptional(BUILD_STAMP) === wanted) return;
  step('Compiling');
  await run(
    process.execPath,
    [join(ROOT, 'tools', 'build.mjs')],
    'The sources do not compile. The errors above name the places.',
  );
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  writeFileSync(BUILD_STAMP, wanted);
}

function fingerprintSources() {
  const hash = createHash('sha256').update(hashFiles(['tsconfig.json', 'tsconfig.build.json', 'package-lock.json']));
  for (const folder of SOURCE_FOLDERS) {
    for (const entry of readdirSync(join(ROOT, folder), { recursive: true }).sort()) {
      if (!SOURCE_FILE.test(entry)) continue;
      const { mtimeMs, size } = statSync(join(ROOT, folder, entry));
      hash.update(`${folder}/${entry}\0${mtimeMs}\0${size}\n`);
    }
  }
  return hash.digest('hex');
}

function hashFiles(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(join(ROOT, file)));
  return hash.digest('hex');
}

/** Runs a tool to its end. A signal that stops us stops the tool as well, so that the next start meets no other one at work. */
async function run(command, args, hint) {
  const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 2, 2] });
  const forward = (signal) => child.kill(signal);
  for (const signal of SIGNALS) process.on(signal, forward);
  const outcome = await new Promise((resolve) => {
    child.once('error', (error) => resolve(`${error.message}. `));
    child.once('exit', (code, signal) => resolve(code === 0 ? undefined : signal ? `Stopped by ${signal}. ` : ''));
  });
  for (const signal of SIGNALS) process.off(signal, forward);
  if (outcome !== undefined) {
    console.error(`\n${outcome}${hint}`);
    process.exit(1);
  }
}

/** Progress goes to stderr: what is asked for goes to stdout. */
export function step(text) {
  console.error(`› ${text}`);
}

function readOptional(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
