import { type CloudEvent, toCloudEvent } from '#libs/contracts';
import type { Database } from '#libs/database';
import { readRecorded } from '#libs/ledger';
import { agentEventsAfter, auditPosition } from '#libs/read-models';
import { updateOf, type Update } from './update.js';

const PAGE = 500;

export interface LogReader {
  database: Database;
  /** `source` of the envelopes. */
  source: string;
}

export interface MissedPage {
  updates: Update[];
  /** Everything up to here has been given. */
  through: number;
}

/**
 * The next page of what a stream missed after a position. One agent's events come by their index; for readers of several, and
 * while the projector is behind, the log is read.
 */
export async function missedUpdates(
  reader: LogReader,
  agents: readonly string[] | null,
  after: number,
): Promise<MissedPage> {
  const [agentId, another] = agents ?? [];
  if (agentId !== undefined && another === undefined) {
    // Read before the events: up to here they are all there.
    const complete = await auditPosition(reader.database);
    if (complete > after) return byAgent(reader, agentId, { after, complete });
  }
  return byPosition(reader, after);
}

async function byAgent(
  { database, source }: LogReader,
  agentId: string,
  { after, complete }: { after: number; complete: number },
): Promise<MissedPage> {
  const events = await agentEventsAfter(database, { agentId, after, limit: PAGE, source });
  const last = events.at(-1)?.position ?? after;
  const through = events.length === PAGE ? last : Math.max(last, complete);
  return { updates: events.map((event: CloudEvent) => updateOf(event)), through };
}

async function byPosition({ database, source }: LogReader, after: number): Promise<MissedPage> {
  const entries = await readRecorded(database, after, PAGE);
  return {
    updates: entries.map((entry) => updateOf(toCloudEvent(entry, source))),
    through: entries.at(-1)?.position ?? after,
  };
}
