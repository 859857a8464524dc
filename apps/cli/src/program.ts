import { Command } from 'commander';
import { registerLog } from './adopt-log/adopt-log.command.js';
import { registerAgents } from './agents/agents.command.js';
import { registerAudit } from './audit/audit.command.js';
import { registerBackup } from './backup/backup.command.js';
import { registerChannels } from './channels/channels.command.js';
import type { Commands, Register } from './commands.js';
import { registerCompletion } from './completion/completion.command.js';
import { registerDeliveries } from './deliveries/deliveries.command.js';
import { registerDoctor } from './doctor/doctor.command.js';
import { registerExplain } from './explain/explain.command.js';
import { registerHolders } from './holders/holders.command.js';
import { programVersion } from './installation.js';
import { registerKillSwitch } from './kill-switch/kill-switch.command.js';
import { registerMcp } from './mcp/mcp.command.js';
import { registerOwnerKey } from './reset-owner-key/reset-owner-key.command.js';
import { registerSessions } from './sessions/sessions.command.js';
import { registerStart } from './start/start.command.js';
import { registerStatus } from './status/status.command.js';

/** In the order of the help page: what a newcomer needs first. */
const FEATURES: readonly Register[] = [
  registerStart,
  registerStatus,
  registerDoctor,
  registerAgents,
  registerSessions,
  registerMcp,
  registerExplain,
  registerAudit,
  registerChannels,
  registerDeliveries,
  registerHolders,
  registerKillSwitch,
  registerLog,
  registerOwnerKey,
  registerBackup,
  registerCompletion,
];

/**
 * The whole of `sledger`, defined but not loaded: each command imports its work when it runs. With `json` wrong usage is
 * thrown only, for the caller to report.
 */
export function buildProgram(commands: Commands, { json }: { json: boolean }): Command {
  const { stdout, stderr } = commands.terminal;
  const program = new Command('sledger')
    .description('Session Ledger: issue, renew, watch and revoke the session tokens of your agents.')
    .version(programVersion())
    .option('--output <format>', 'text or json (default: text)')
    .option('--data-dir <path>', 'data directory (default: LEDGER_DATA_DIR, else ~/.session-ledger)')
    .option('--base-url <url>', 'the server (default: LEDGER_BASE_URL, else server.json in the data directory)')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => json || stderr.write(text),
      outputError: (text, write) => json || write(text.replace(/^error: /, 'sledger: ')),
      getOutHelpWidth: () => stdout.columns ?? 100,
      getErrHelpWidth: () => stderr.columns ?? 100,
    })
    .showHelpAfterError('See `sledger --help`.')
    .exitOverride()
    .addHelpText('after', '\nA first session in three steps:\n' + FIRST_STEPS);
  for (const register of FEATURES) register(program, commands);
  return program;
}

const FIRST_STEPS = `  $ sledger start                      # in another terminal: server, database and bus
  $ sledger agent add my-agent
  $ sledger mcp setup --write          # session, token file, entry for the desktop host
`;
