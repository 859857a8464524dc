import { setTimeout as sleep } from 'node:timers/promises';
import { sessionStream } from '#libs/contracts';
import type { Database } from '#libs/database';
import { type LogEntry, readStreamWithPositions } from '#libs/ledger';

/** How long a reader waits for an event that was answered but has no place in the log yet. */
const WAIT_MS = 1_000;
const POLL_MS = 10;

export interface HistoryPage {
  sessionId: string;
  /** Events that the session has: all of them are shown, also one that was recorded a moment ago. */
  headVersion: number;
  version: number;
  direction: 'after' | 'before';
  limit: number;
}

/** Events of a session in order. Waits for the sequencer where it is behind; gives what there is when it stays behind. */
export async function readHistory(database: Database, page: HistoryPage): Promise<LogEntry[]> {
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    const found = await readStreamWithPositions(database, sessionStream(page.sessionId), page);
    const reached = found.at(-1)?.version ?? (page.direction === 'after' ? page.version : 0);
    const wanted = page.direction === 'before' ? Math.min(page.version - 1, page.headVersion) : page.headVersion;
    const isComplete = (page.direction === 'after' && found.length === page.limit) || reached >= wanted;
    if (isComplete || performance.now() > deadline) return found;
    await sleep(POLL_MS);
  }
}
