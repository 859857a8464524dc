/** Folders of test runs: each names its owner, so that a later run can clear up after one that was killed. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const RUN_PREFIX = 'session-ledger-test-';
export const OWNER_FILE = 'owner.pid';

export async function sweepDeadRuns() {
  const { identify } = await import('#libs/embedded');
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(RUN_PREFIX))) {
    const folder = join(tmpdir(), name);
    const owner = join(folder, OWNER_FILE);
    if (existsSync(owner) && !identify(Number(readFileSync(owner, 'utf8')))) await clearRun(folder);
  }
}

/** Stops every server that still works in the folder, then removes it. */
export async function clearRun(folder) {
  const { stopServersIn } = await import('#libs/embedded');
  await stopServersIn(folder);
  rmSync(folder, { recursive: true, force: true });
}
