import type { Register } from '../commands.js';
import { collect } from '../collect.js';
import { examples } from '../help-examples.js';
import type { AuditFilterOptions } from './audit-filter.js';
import type { ExportAuditOptions } from './export-audit.js';
import type { VerifyAuditOptions } from './verify-audit.js';

export const registerAudit: Register = (program, commands) => {
  const audit = program.command('audit').description('search, follow, export and verify the ledger');

  withFilters(audit.command('query').description('events that match, the newest first'))
    .option('--limit <count>', 'at most so many', '50')
    .addHelpText('after', examples('sledger audit query --agent trader --type SessionRevoked --since 7d'))
    .action(
      commands.action<AuditFilterOptions & { limit: string }>(async (cli, options) =>
        (await import('./query-audit.js')).queryAudit(cli, options),
      ),
    );

  withFilters(audit.command('tail').description('print events as they are recorded, until Ctrl-C'))
    .option('--lines <count>', 'so many of the past first', '10')
    .addHelpText('after', examples('sledger audit tail', 'sledger audit tail --agent trader --output json'))
    .action(
      commands.action<AuditFilterOptions & { lines: string }>(async (cli, options) =>
        (await import('./tail-audit.js')).tailAudit(cli, options),
      ),
    );

  withFilters(audit.command('export').description('write events, oldest first; all of them can be verified later'))
    .option('--format <format>', 'ndjson or csv', 'ndjson')
    .option('--to <file>', 'into this file (default: stdout)')
    .addHelpText(
      'after',
      examples(
        'sledger audit export --to ledger.ndjson',
        'sledger audit export --since 30d --format csv --to november.csv',
      ),
    )
    .action(
      commands.action<ExportAuditOptions>(async (cli, options) =>
        (await import('./export-audit.js')).exportAudit(cli, options),
      ),
    );

  audit
    .command('verify <file>')
    .description('check a whole export (- for stdin): nothing changed, removed, inserted or moved; needs no server')
    .option('--key <key>', 'public key of the log, or a file with it; may be repeated', collect)
    .option('--witness <file>', 'a checkpoint that was kept elsewhere; may be repeated', collect)
    .option(
      '--state',
      'also have the server compare all sessions, agents, holders, keys and the kill switch with their events',
    )
    .addHelpText(
      'after',
      examples(
        'sledger audit verify ledger.ndjson',
        'sledger audit verify ledger.ndjson --key log.key --witness checkpoint-2026-11-20',
        'zcat ledger.ndjson.gz | sledger audit verify -',
      ),
    )
    .action(
      commands.action<VerifyAuditOptions, [string]>(async (cli, options, file) =>
        (await import('./verify-audit.js')).verifyAudit(cli, options, file),
      ),
    );

  audit
    .command('checkpoint')
    .description('the newest signed head of the log and its public key; keep both elsewhere as witness')
    .option('--to <file>', 'write the signed note into this file')
    .addHelpText('after', examples('sledger audit checkpoint --to checkpoint-2026-11-21'))
    .action(
      commands.action<{ to?: string }>(async (cli, options) =>
        (await import('./show-checkpoint.js')).showCheckpoint(cli, options),
      ),
    );

  audit
    .command('rotate-key')
    .description('sign the log with a new key from now on; the keys before still verify what they signed')
    .addHelpText('after', examples('sledger audit rotate-key'))
    .action(commands.action(async (cli) => (await import('./rotate-log-key.js')).rotateLogKey(cli)));
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
