import type { Database } from '#libs/database';
import { forgetReceipts } from '#libs/ledger';
import { pause } from '#libs/messaging';

const BATCH = 500;
const BETWEEN_MS = 50;
const INTERVAL_MS = 3_600_000;

/** Forgets old receipts every hour, a few at a time: a long delete would hold everybody's events back. */
export class ReceiptRetention {
  constructor(
    private readonly database: Database,
    private readonly onForgotten: (count: number) => void,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const count = await this.forgetBatches(signal);
      if (count > 0) this.onForgotten(count);
      await pause(INTERVAL_MS, signal);
    }
  }

  private async forgetBatches(signal: AbortSignal): Promise<number> {
    let all = 0;
    for (let count = BATCH; count === BATCH && !signal.aborted;) {
      count = await forgetReceipts(this.database, BATCH);
      all += count;
      if (count === BATCH) await pause(BETWEEN_MS, signal);
    }
    return all;
  }
}
