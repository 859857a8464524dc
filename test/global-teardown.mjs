import { clearRun } from './run-folder.mjs';

const PATIENCE_MS = 10_000;

export default async function globalTeardown() {
  const { postgres, runDir } = globalThis.sessionLedgerTestRun;
  await postgres.stop();
  await clearRun(runDir);
  // Only where something keeps this process alive: a run must end, and say that it did not end well.
  setTimeout(() => {
    console.error('The tests are over, but something that one of them opened is not closed. Ending with an error.');
    process.exit(process.exitCode || 1);
  }, PATIENCE_MS).unref();
}
