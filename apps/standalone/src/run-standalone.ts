import { CloseStack } from './close-stack.js';
import { startStandalone } from './start-standalone.js';
import { StopSignal } from './stop-signal.js';

/** After this, what has not stopped by itself is left to the next start. */
const CLOSE_DEADLINE_MS = 25_000;

/** Start, run until Ctrl-C, SIGTERM or the end of the process that started us, stop. */
export async function runStandalone(): Promise<void> {
  const stop = new StopSignal();
  const opened = new CloseStack((name, error) => {
    process.stderr.write(`${name} stopped with an error: ${(error as Error).message}\n`);
    process.exitCode = 1;
  });
  try {
    await startStandalone(opened, stop);
    await stop.received;
    process.stdout.write('\nStopping …\n');
  } catch (error) {
    if (!stop.requested) {
      process.exitCode = 1;
      process.stderr.write(`\nSession Ledger cannot start.\n${(error as Error).message}\n`);
    }
  }
  const deadline = setTimeout(() => {
    process.stderr.write(`Not everything stopped within ${CLOSE_DEADLINE_MS / 1000} s; the next start clears up.\n`);
    process.exit(1);
  }, CLOSE_DEADLINE_MS);
  await opened.close();
  clearTimeout(deadline);
  process.stdout.write(stop.requested ? 'Stopped.\n' : '');
  process.exit();
}
