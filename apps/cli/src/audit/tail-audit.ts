import { setTimeout as sleep } from 'node:timers/promises';
import type { CloudEvent } from '#libs/contracts';
import type { Cli } from '../cli.js';
import { EXIT, Interrupted } from '../failure.js';
import { countOption } from '../options.js';
import { auditFilter, type AuditFilterOptions } from './audit-filter.js';
import { eventLine } from './event-text.js';

const POLL_MS = 500;
const PAGE = 100;

/** Prints events as they are recorded, until Ctrl-C. With `--output json` one JSON document a line. */
export async function tailAudit(cli: Cli, options: AuditFilterOptions & { lines: string }): Promise<number> {
  const lines = countOption('--lines', options.lines);
  const owner = await cli.owner();
  const filter = await auditFilter(owner, options);
  const { interrupted } = cli.terminal;
  const print = (event: CloudEvent) =>
    cli.screen.line(cli.screen.json ? JSON.stringify(event) : eventLine(cli.screen.style, event));

  const { items } = await owner.auditPage({ ...filter, limit: Math.max(1, Math.min(200, lines)) });
  cli.screen.endProgress();
  let last = items[0]?.position ?? 0;
  for (const event of items.slice(0, lines).reverse()) print(event);
  let isDown = false;
  while (!interrupted.aborted) {
    await sleep(POLL_MS, undefined, { signal: interrupted }).catch(() => undefined);
    if (interrupted.aborted) break;
    try {
      for (const event of await newerThan(last)) {
        print(event);
        last = event.position;
      }
      isDown = false;
    } catch (error) {
      if ((error as Error).name !== 'ServerUnreachable') throw error;
      if (!isDown) cli.screen.warn(`${(error as Error).message}; waiting for it`);
      isDown = true;
    }
  }
  throw new Interrupted(String(EXIT.interrupted));

  /** Events after a position, oldest first: pages are read backwards until one reaches it. */
  async function newerThan(position: number): Promise<CloudEvent[]> {
    const found: CloudEvent[] = [];
    for await (const event of owner.audit({ ...filter, limit: PAGE })) {
      if (event.position <= position) break;
      found.push(event);
    }
    return found.reverse();
  }
}
