import type { Register } from '../commands.js';
import type { AuditFilterOptions } from './audit-filter.js';

export const registerAudit: Register = (program, commands) => {
  const audit = program.command('audit').description('search, follow, export and verify the ledger');

  withFilters(audit.command('query').description('events that match, the newest first'))
    .option('--limit <count>', 'at most so many', '50')
    .addHelpText('after', '\nExample:\n  $ sledger audit query --agent trader --type SessionRevoked --since 7d\n')
    .action(
      commands.action<AuditFilterOptions & { limit: string }>(async (cli, options) =>
        (await import('./query-audit.js')).queryAudit(cli, options),
      ),
    );
};

type Addable = ReturnType<Parameters<Register>[0]['command']>;

function withFilters(command: Addable): Addable {
  return command
    .option('--agent <agent>', 'only of this agent')
    .option('--session <session>', 'only of this session')
    .option('--type <type>', 'only of this type, e.g. SessionRenewed')
    .option('--actor <actor>', 'only by this actor, e.g. owner or holder:<id>')
    .option('--since <time>', 'from this time on: RFC 3339, or how long ago (7d)')
    .option('--until <time>', 'before this time')
    .option('--text <words>', 'words of the reason');
}
