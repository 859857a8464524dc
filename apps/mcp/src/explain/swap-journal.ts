import type { SessionManager } from '#libs/client';

/** One token that this process ran on. Times are epoch milliseconds of the local clock. */
export interface Swap {
  at: number;
  sessionId: string;
  generation: number;
}

const KEPT = 200;

/** Which generation this process held when: the ledger knows what was current, only the process knows what it used. */
export class SwapJournal {
  private readonly swaps: Swap[] = [];

  constructor(manager: SessionManager) {
    this.note(manager);
    manager.onChange(() => this.note(manager));
  }

  /** The token that was in use at that time, or null when none was. */
  at(time: number): Swap | null {
    return this.swaps.findLast((swap) => swap.at <= time) ?? null;
  }

  private note(manager: SessionManager): void {
    const { sessionId, generation } = manager.getState();
    const last = this.swaps.at(-1);
    if (sessionId === null || generation === null) return;
    if (last?.sessionId === sessionId && last.generation === generation) return;
    this.swaps.push({ at: Date.now(), sessionId, generation });
    if (this.swaps.length > KEPT) this.swaps.shift();
  }
}
