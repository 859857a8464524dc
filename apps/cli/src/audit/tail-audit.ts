import { setTimeout as sleep } from 'node:timers/promises';
import type { CloudEvent } from '#libs/contracts';
import type { Cli } from '../cli.js';
import { EXIT, Interrupted } from '../failure.js';
import { countOption } from '../options.js';
import { auditFilter, type AuditFilterOptions } from './audit-filter.js';
import { eventLine } from './event-text.js';

const POLL_MS = 500;
const PAGE = 200;
/** Of concurrent changes the later in the log may bear the earlier time: so far back it is looked for. */
const OVERLAP_MS = 10_000;

/** Prints events as they are recorded, until Ctrl-C. With `--output json` one JSON document a line. */
export async function tailAudit(cli: Cli, options: AuditFilterOptions & { lines: string }): Promise<number> {
  const lines = countOption('--lines', options.lines);
  const owner = await cli.owner();
  const filter = await auditFilter(owner, options);
  const { interrupted } = cli.terminal;
  const print = (event: CloudEvent) =>
    cli.screen.line(cli.screen.json ? JSON.stringify(event) : eventLine(cli.screen.style, event));

  const { items } = await owner.auditPage({ ...filter, limit: PAGE });
  cli.screen.endProgress();
  let newest = Date.parse(items[0]?.time ?? '') || 0;
  const seen = new Map(items.map(({ position, time }) => [position, Date.parse(time)]));
  for (const event of items.slice(0, lines).reverse()) print(event);
  let isDown = false;
  while (!interrupted.aborted) {
    await sleep(POLL_MS, undefined, { signal: interrupted }).catch(() => undefined);
    if (interrupted.aborted) break;
    try {
      for (const event of await unseen()) {
        print(event);
        seen.set(event.position, Date.parse(event.time));
        newest = Math.max(newest, Date.parse(event.time));
      }
      for (const [position, time] of seen) if (time < newest - OVERLAP_MS) seen.delete(position);
      isDown = false;
    } catch (error) {
      if ((error as Error).name !== 'ServerUnreachable') throw error;
      if (!isDown) cli.screen.warn(`${(error as Error).message}; waiting for it`);
      isDown = true;
    }
  }
  throw new Interrupted(String(EXIT.interrupted));

  /** Events that were not printed yet, oldest first: pages are read backwards to a little before the newest one. */
  async function unseen(): Promise<CloudEvent[]> {
    const found: CloudEvent[] = [];
    for await (const event of owner.audit({ ...filter, limit: PAGE })) {
      if (Date.parse(event.time) < newest - OVERLAP_MS) break;
      if (!seen.has(event.position)) found.push(event);
    }
    return found.reverse();
  }
}
