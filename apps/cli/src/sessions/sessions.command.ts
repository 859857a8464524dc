import type { Register } from '../commands.js';
import { collect } from '../collect.js';
import type { CreateSessionOptions } from './create-session.js';
import type { ListSessionsOptions } from './list-sessions.js';
import type { RevokeSessionOptions } from './revoke-session.js';
import type { ShowSessionOptions } from './show-session.js';
import { examples } from '../help-examples.js';

export const registerSessions: Register = (program, commands) => {
  const session = program.command('session').description('issue, list, show, rotate and revoke sessions');

  session
    .command('create')
    .description('issue a session; its token goes to a file, or to stdout with --output json')
    .option('--agent <agent>', 'name or id of the agent (default: the only one)')
    .option('--expires-in <span>', 'life of each token, e.g. 7d, 12h, 600')
    .option('--max-renewals <count>', 'a number, or "unlimited"')
    .option('--lifetime <span>', 'end of the whole session, shorter than the server’s')
    .option('--reject-window <span>', 'how long after a renewal it can be rejected')
    .option('--allowed-ops <list>', 'operations, separated by commas')
    .option('--max-amount <amount>', 'largest amount of one transaction')
    .option('--supersede', 'end the agent’s other sessions (default: the agent’s policy)')
    .option('--no-supersede', 'leave the agent’s other sessions alive')
    .option('--token-file <path>', 'write the token into this file (0600)')
    .option('--reason <text>', 'why; kept in the ledger')
    .option('--label <key=value>', 'a label; may be repeated', collect)
    .addHelpText(
      'after',
      examples(
        'sledger session create --agent trader --expires-in 12h --token-file ./token',
        'sledger session create --agent trader --max-renewals unlimited --no-supersede --output json',
      ),
    )
    .action(
      commands.action<CreateSessionOptions>(async (cli, options) =>
        (await import('./create-session.js')).createSession(cli, options),
      ),
    );

  session
    .command('list')
    .description('list sessions, the newest first')
    .option('--agent <agent>', 'only of this agent')
    .option('--status <status>', 'only active, expiring_soon, expired or revoked')
    .option('--limit <count>', 'at most so many', '50')
    .option('--all', 'ended ones too (default: those alive)')
    .option('--watch', 'a live view, until Ctrl-C')
    .addHelpText(
      'after',
      examples('sledger session list', 'sledger session list --agent trader --all', 'sledger session list --watch'),
    )
    .action(
      commands.action<ListSessionsOptions & { watch?: boolean }>(async (cli, options) =>
        options.watch
          ? (await import('../watch/watch.js')).watch(cli, options.agent)
          : (await import('./list-sessions.js')).listSessions(cli, options),
      ),
    );

  session
    .command('show <session>')
    .description('one session and its history')
    .option('--at <time>', 'as it was at this time: RFC 3339, or how long ago (2h)')
    .addHelpText('after', examples('sledger session show 0197c2aa', 'sledger session show 0197c2aa --at 2h'))
    .action(
      commands.action<ShowSessionOptions, [string]>(async (cli, options, id) =>
        (await import('./show-session.js')).showSession(cli, options, id),
      ),
    );

  session
    .command('revoke <session>')
    .description('end a session: its token is refused at once')
    .option('--reason <text>', 'why; kept in the ledger')
    .option('--trigger <trigger>', 'manual_revoke, renewal_rejected or superseded (default: the server decides)')
    .addHelpText('after', examples('sledger session revoke 0197c2aa --reason "laptop lost"'))
    .action(
      commands.action<RevokeSessionOptions, [string]>(async (cli, options, id) =>
        (await import('./revoke-session.js')).revokeSession(cli, options, id),
      ),
    );

  session
    .command('rotate <session>')
    .description('replace the token at once, not counted as a renewal; the session’s holders take the new one')
    .option('--token-file <path>', 'write the new token into this file (0600)')
    .addHelpText(
      'after',
      examples('sledger session rotate 0197c2aa', 'sledger session rotate 0197c2aa --token-file ./token'),
    )
    .action(
      commands.action<{ tokenFile?: string }, [string]>(async (cli, options, id) =>
        (await import('./rotate-session.js')).rotateSession(cli, options, id),
      ),
    );
};
