/** Folders of test runs: each names its owner, so that a later run can clear up after one that was killed. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';

export const RUN_PREFIX = 'session-ledger-test-';
export const OWNER_FILE = 'owner.pid';
const CLUSTERS = '/var/lib/session-ledger';

export async function sweepDeadRuns() {
  const { identify } = await import('#libs/embedded');
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(RUN_PREFIX))) {
    const folder = join(tmpdir(), name);
    const owner = join(folder, OWNER_FILE);
    if (existsSync(owner) && !identify(Number(readFileSync(owner, 'utf8')))) await clearRun(folder);
  }
}

/** Makes the run's own folder for temporary files the one that tests, and all that they start, put theirs into. */
export function keepTemporaryFilesIn(folder) {
  const temporary = temporaryIn(folder);
  mkdirSync(temporary);
  // As the system's own: servers run as users of their own.
  chmodSync(temporary, 0o1777);
  process.env.TMPDIR = temporary;
}

/** Stops everything that still works in the folder, then removes it. */
export async function clearRun(folder) {
  await stopRun(folder);
  removeClustersOf(folder);
  rmSync(folder, { recursive: true, force: true });
}

/** Stops everything that still works in the folder. */
export async function stopRun(folder) {
  const { stopServersIn } = await import('#libs/embedded');
  endLeftovers(folder);
  await stopServersIn(folder);
}

/** Where root runs the tests, a cluster lives outside a data folder that PostgreSQL's user cannot pass. */
function removeClustersOf(folder) {
  if (!existsSync(CLUSTERS)) return;
  for (const name of readdirSync(CLUSTERS)) {
    const owner = join(CLUSTERS, name, 'data-folder');
    if (existsSync(owner) && readFileSync(owner, 'utf8').startsWith(`${folder}${sep}`)) {
      rmSync(join(CLUSTERS, name), { recursive: true, force: true });
    }
  }
}

function temporaryIn(folder) {
  return join(folder, 'tmp');
}

/** A test that failed half-way may have left processes behind: they are known by their folder for temporary files. */
function endLeftovers(folder) {
  if (!existsSync('/proc/self/environ')) return;
  const mark = `TMPDIR=${temporaryIn(folder)}`;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(mark)) continue;
      // Not the whole of it: what a search for secrets finds there it must not find here as well.
      const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').slice(0, 3).join(' ');
      process.kill(Number(pid), 'SIGKILL');
      console.error(`A test left process ${pid} running: ${command}`);
    } catch {
      // It has just ended, or is somebody else's.
    }
  }
}
