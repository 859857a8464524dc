import { readEnvironment } from '../environment.js';
import type { Terminal } from './terminal.js';

/** The terminal that this process was started from. */
export function processTerminal(): Terminal {
  let interruption: AbortController | undefined;
  return {
    environment: readEnvironment(),
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    // Made when a command asks for it: until then, and for apps that run in this process, signals act as usual.
    get interrupted() {
      return (interruption ??= watchSignals()).signal;
    },
  };
}

function watchSignals(): AbortController {
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort());
  return interruption;
}

/** The reader of a pipe went away (`sledger … | head`): nobody is left to read the rest. */
export function endWhenUnread(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}
