import type { Cli } from '../cli.js';
import { everything } from '../everything.js';
import { countOption } from '../options.js';
import { auditFilter, type AuditFilterOptions } from './audit-filter.js';
import { eventLine } from './event-text.js';

export async function queryAudit(cli: Cli, options: AuditFilterOptions & { limit: string }): Promise<void> {
  const limit = countOption('--limit', options.limit);
  const owner = await cli.owner();
  const filter = await auditFilter(owner, options);
  const pageSize = Math.max(1, Math.min(200, limit));
  const items = await cli.screen.during('searching the ledger', () =>
    everything(owner.audit({ ...filter, limit: pageSize }), limit),
  );
  cli.screen.result({ items }, () =>
    items.length === 0
      ? 'Nothing matches.'
      : items.map((event) => `${String(event.position).padStart(6)}  ${eventLine(cli.screen.style, event)}`).join('\n'),
  );
}
