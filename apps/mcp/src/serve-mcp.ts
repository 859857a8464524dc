import { Console } from 'node:console';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { assembleSession } from '#libs/client';
import { createServer } from './create-server.js';
import { SwapJournal } from './explain/swap-journal.js';
import type { McpOptions } from './mcp-options.js';
import { outlive } from './outlive.js';
import { stderrLog } from './stderr-log.js';
import { StdioTransport } from './stdio/stdio-transport.js';

/**
 * Serves MCP on stdin and stdout until the input ends or a signal comes. Needs neither a token nor a server: what is
 * missing is said by its tools, and taken by itself when it comes.
 */
export async function serveMcp(options: McpOptions): Promise<void> {
  keepStdoutClean();
  const log = stderrLog('mcp', options.logLevel);
  outlive(process, log.error);
  const { manager, client, updates } = assembleSession({ ...options, log: stderrLog('session', options.logLevel) });
  const context = { manager, client, journal: new SwapJournal(manager), log };
  const transport = new StdioTransport();
  const handle = serveStdio(({ era }) => createServer(context, era), {
    transport,
    onerror: (error) => log.debug(error.message),
  });
  const ended = Promise.race([transport.ended.then(() => 'the host closed the connection'), signalled()]);
  manager.onChange((change) => {
    if (change === 'session') updates.nudge();
  });
  manager.start();
  updates.start();
  log.info(`Ready. Token file: ${manager.getState().tokenFile}`);
  log.info(`Stopping: ${await ended}.`);
  await Promise.all([handle.close(), updates.stop(), manager.dispose()]);
  process.exit(0);
}

function signalled(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => resolve(signal));
  });
}

/** A library that prints would break the protocol. */
function keepStdoutClean(): void {
  // A host may close stderr: nobody reads the log then, and a write that fails is no reason to write another line.
  process.stderr.on('error', () => undefined);
  globalThis.console = new Console(process.stderr, process.stderr);
}
