import type { Register } from '../commands.js';
import type { AddAgentOptions } from './add-agent.js';
import { examples } from '../help-examples.js';

export const registerAgents: Register = (program, commands) => {
  const agent = program.command('agent').description('register and list the agents that sessions are issued to');

  agent
    .command('add <name>')
    .description('register an agent')
    .option('--expires-in <span>', 'life of each token of its sessions, e.g. 7d, 12h, 600')
    .option('--max-renewals <count>', 'renewals of a session: a number, or "unlimited"')
    .option('--reject-window <span>', 'how long after a renewal it can be rejected, e.g. 1h')
    .option('--allowed-ops <list>', 'operations the agent may perform, separated by commas')
    .option('--max-amount <amount>', 'largest amount of one transaction, e.g. 100.50')
    .option('--audience <list>', 'audiences of its tokens besides this server, separated by commas')
    .option('--no-supersede', 'a new session leaves the agent’s others alive')
    .option('--reuse <policy>', 'when an old token is presented for renewal: alert or revoke')
    .addHelpText(
      'after',
      examples('sledger agent add my-agent', 'sledger agent add trader --expires-in 7d --allowed-ops read,trade'),
    )
    .action(
      commands.action<AddAgentOptions, [string]>(async (cli, options, name) =>
        (await import('./add-agent.js')).addAgent(cli, options, name),
      ),
    );

  agent
    .command('list')
    .description('list all agents')
    .addHelpText('after', examples('sledger agent list', 'sledger agent list --output json'))
    .action(commands.action(async (cli) => (await import('./list-agents.js')).listAgents(cli)));

  for (const [verb, enabled] of [
    ['enable', true],
    ['disable', false],
  ] as const) {
    agent
      .command(`${verb} <agent>`)
      .description(enabled ? 'let an agent get tokens again' : 'no new session, renewal or hand-over for an agent')
      .option('--reason <text>', 'why; kept in the ledger')
      .addHelpText('after', examples(`sledger agent ${verb} trader --reason "holidays"`))
      .action(
        commands.action<{ reason?: string }, [string]>(async (cli, { reason }, name) =>
          (await import('./enable-agent.js')).enableAgent(cli, name, { enabled, ...(reason && { reason }) }),
        ),
      );
  }
};
