import { clearRun } from './run-folder.mjs';

export default async function globalTeardown() {
  const { postgres, runDir } = globalThis.sessionLedgerTestRun;
  await postgres.stop();
  await clearRun(runDir);
}
