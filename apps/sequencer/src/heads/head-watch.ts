import type { Database } from '#libs/database';
import { compareSomeHeads, type HeadDifference } from '#libs/ledger';
import { pause } from '#libs/messaging';

const INTERVAL_MS = 60_000;
const SAMPLE = 50;

/** Compares a sample of the heads with the log, again and again: a head that was changed behind the log's back shows. */
export class HeadWatch {
  constructor(
    private readonly database: Database,
    private readonly onCompared: (differing: HeadDifference[]) => void,
    private readonly intervalMs = INTERVAL_MS,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.onCompared((await compareSomeHeads(this.database, SAMPLE)).differing);
      await pause(this.intervalMs, signal);
    }
  }
}
