import { runCli } from './run-cli.js';
import { endWhenUnread, processTerminal } from './terminal/process-terminal.js';

endWhenUnread();
process.exitCode = await runCli(process.argv.slice(2), processTerminal());
