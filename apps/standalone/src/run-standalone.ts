import { setTimeout as sleep } from 'node:timers/promises';
import { CloseStack } from './close-stack.js';
import { startStandalone } from './start-standalone.js';
import { StopSignal } from './stop-signal.js';

/** A start that was interrupted may finish its step; one that waits for a server of somebody else's may wait for ever. */
const STEP_DEADLINE_MS = 5_000;
/** After this, what has not stopped by itself is left to the next start. */
const CLOSE_DEADLINE_MS = 25_000;

/** Start, run until Ctrl-C, SIGTERM or the end of the process that started us, stop. */
export async function runStandalone(): Promise<void> {
  outliveTheTerminal();
  const stop = new StopSignal();
  const opened = new CloseStack((name, error) => {
    process.stderr.write(`${name} stopped with an error: ${(error as Error).message}\n`);
    process.exitCode = 1;
  });
  try {
    const started = startStandalone(opened, stop);
    await Promise.race([started, stop.received]);
    await stop.received;
    process.stdout.write('\nStopping …\n');
    await Promise.race([started, sleep(STEP_DEADLINE_MS)]);
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

/** Behind `| tee` Ctrl-C ends the reader too: what is said then is lost, but the servers must still be stopped. */
function outliveTheTerminal(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.removeAllListeners('error');
    stream.on('error', () => undefined);
  }
}
