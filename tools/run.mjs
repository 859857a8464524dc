/** Behind every npm script: installs and compiles where that is needed, then runs the target in the foreground. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const OLDEST_NODE = [20, 19];
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
  stopWith(
    `Session Ledger needs Node ${OLDEST_NODE.join('.')} or later; this is ${process.version}. Install a newer one from https://nodejs.org.`,
  );
}

const PARENT_CHECK_MS = 500;
const SERVICES = ['api', 'sequencer', 'projector', 'notifier'];
const TARGETS = {
  start: ['dist/apps/standalone/src/main.js'],
  ...Object.fromEntries(SERVICES.map((name) => [`start:${name}`, [`dist/apps/${name}/src/main.js`]])),
  demo: ['dist/test/demo/main.js'],
  rebuild: ['dist/apps/projector/src/rebuild.js'],
  'bench:notifier': ['--expose-gc', 'dist/test/bench/notifier/main.js'],
  'bench:api': ['dist/test/bench/api/main.js'],
  'bench:ledger': ['dist/test/bench/ledger/main.js'],
  'bench:mcp': ['dist/test/bench/mcp/main.js'],
  test: [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
    '--reporters=default',
    `--reporters=${join(import.meta.dirname, 'count-reporter.mjs')}`,
    // After the list of reporters, which would otherwise swallow a path.
    '--maxWorkers=2',
  ],
};

const [target, ...rest] = process.argv.slice(2);
if (!Object.hasOwn(TARGETS, target)) stopWith(`Unknown target ${target}. Known: ${Object.keys(TARGETS).join(', ')}`);
const { ensureBuilt, ensureInstalled, ROOT } = await import('./freshness.mjs');
await ensureInstalled();
await ensureBuilt();
runInForeground([...TARGETS[target], ...rest]);

function runInForeground(args) {
  // The fourth descriptor closes when we are killed, so that the target can end as well.
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  if (process.env.npm_lifecycle_event !== undefined) stopWithParent(child);
  child.on('error', (error) => stopWith(error.message));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + { SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }[signal];
    process.disconnect?.();
  });
}

/** A killed npm takes its script along. npm may have put a shell between itself and us. */
function stopWithParent(child) {
  const shell = isNpmShell(process.ppid);
  const family = () => [process.ppid, shell && parentOf(process.ppid)].join();
  const before = family();
  setInterval(() => family() !== before && child.kill('SIGTERM'), PARENT_CHECK_MS).unref();
}

function isNpmShell(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('tools/run.mjs');
  } catch {
    return false;
  }
}

function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1];
  } catch {
    return undefined;
  }
}

function stopWith(message) {
  console.error(message);
  process.exit(1);
}
