import type { Database } from '#libs/database';
import { horizonHolder, oldestUnsequenced, type HorizonHolder } from '#libs/ledger';
import { pause } from '#libs/messaging';

const INTERVAL_MS = 1_000;
const STALLED_SECONDS = 1;

export interface Stall {
  /** How long the oldest event has waited for its position. */
  seconds: number;
  /** Null when it ended between the two looks. */
  holder: HorizonHolder | null;
}

/** Watches the oldest event without a position; when it waits too long, names the transaction that holds the horizon. */
export class HorizonWatch {
  private isStalled = false;

  /** `onStall` is told once a second while it lasts, then null. */
  constructor(
    private readonly database: Database,
    private readonly onStall: (stall: Stall | null) => void,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look();
      await pause(INTERVAL_MS, signal);
    }
  }

  async look(): Promise<void> {
    const seconds = await oldestUnsequenced(this.database);
    if (seconds !== null && seconds > STALLED_SECONDS) {
      this.isStalled = true;
      this.onStall({ seconds, holder: await horizonHolder(this.database) });
    } else if (this.isStalled) {
      this.isStalled = false;
      this.onStall(null);
    }
  }
}
