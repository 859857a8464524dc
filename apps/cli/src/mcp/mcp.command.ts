import type { Register } from '../commands.js';
import type { McpSetupOptions } from '../mcp-setup/mcp-setup.js';
import type { RefreshTokenOptions } from '../refresh-token/refresh-token.js';
import { examples } from '../help-examples.js';

const HOSTS = 'claude-desktop, claude-code, cursor or vscode';

export const registerMcp: Register = (program, commands) => {
  const mcp = program.command('mcp').description('the stdio process that holds a desktop agent’s token');

  mcp
    .command('setup')
    .description('session, holder, token file and the entry for a desktop host')
    .option('--agent <agent>', 'name or id of the agent (default: the only one)')
    .option('--expires-in <span>', 'life of each token, e.g. 7d')
    .option('--max-renewals <count>', 'a number, or "unlimited"')
    .option('--allowed-ops <list>', 'operations, separated by commas')
    .option('--name <name>', 'a holder of its own beside others of this machine (default: default)')
    .option('--host <host>', `whose configuration: ${HOSTS}`, 'claude-desktop')
    .option('--write', 'merge the entry into the host’s configuration, keeping a backup')
    .option('--dry-run', 'show what --write would change, and create nothing')
    .addHelpText(
      'after',
      examples(
        'sledger mcp setup',
        'sledger mcp setup --dry-run',
        'sledger mcp setup --agent trader --host cursor --write',
      ),
    )
    .action(
      commands.action<McpSetupOptions>(async (cli, options) =>
        (await import('../mcp-setup/mcp-setup.js')).mcpSetup(cli, options),
      ),
    );

  mcp
    .command('refresh-token')
    .description('a new session with the same constraints in place of the one in the token file')
    .option('--name <name>', 'the holder whose token file is meant (default: default)')
    .addHelpText('after', examples('sledger mcp refresh-token', 'sledger mcp refresh-token --name second-desktop'))
    .action(
      commands.action<RefreshTokenOptions>(async (cli, options) =>
        (await import('../refresh-token/refresh-token.js')).refreshToken(cli, options),
      ),
    );

  mcp
    .command('serve')
    .description('run the stdio MCP process; desktop hosts call this')
    .argument('[options...]', '--name <holder>, --log-level debug|info|warn|error: handed to the process as they are')
    .allowUnknownOption()
    .addHelpText('after', examples('sledger mcp serve', 'sledger mcp serve --data-dir ./data --name second-desktop'))
    .action(
      commands.action<object, [string[]]>(async (cli, _options, args) => (await import('./serve.js')).serve(cli, args)),
    );
};
