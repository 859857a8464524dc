import type { RecordedEvent } from '#libs/contracts';
import type { ClientBase, Database } from '#libs/database';
import { GrowingTree, lastPosition, sequence } from '#libs/ledger';
import type { Wake } from '#libs/messaging';
import { UnderWay } from '../under-way.js';

const BATCH = 1_000;
const BUSY_MS = 5;
const IDLE_MS = 50;
/** Quiet polls after which the log counts as idle. */
const QUIET_POLLS = 20;

export interface SequencingOptions {
  database: Database;
  /** The leader's own connection. */
  client: ClientBase;
  /** Called by the hint of an append. */
  wake: Wake;
  onSequenced: (events: RecordedEvent[]) => void;
}

/** Gives events their position and grows the tree, for as long as this process leads. */
export class Sequencing {
  private readonly writing: UnderWay;

  private constructor(
    private readonly options: SequencingOptions,
    /** The tree over all events that have a position. */
    readonly tree: GrowingTree,
  ) {
    this.writing = new UnderWay(options.wake.call);
  }

  static async start(options: SequencingOptions): Promise<Sequencing> {
    const { database } = options;
    return new Sequencing(options, await GrowingTree.load(database, await lastPosition(database)));
  }

  /** Throws when the leader's connection is lost: another process leads then. */
  async run(signal: AbortSignal): Promise<void> {
    let quiet = 0;
    while (!signal.aborted) {
      const events = await sequence(this.options.client, BATCH);
      if (events.length > 0) this.take(events);
      quiet = events.length > 0 ? 0 : quiet + 1;
      if (events.length < BATCH) await this.options.wake.sleep(quiet < QUIET_POLLS ? BUSY_MS : IDLE_MS, signal);
      this.writing.throwIfFailed();
    }
    await this.writing.oldest();
  }

  private take(events: RecordedEvent[]): void {
    const expected = this.tree.size + 1;
    if (events[0]?.position !== expected) {
      throw new Error(`the log went on at ${events[0]?.position}, this leader's tree ends before ${expected}`);
    }
    this.options.onSequenced(events);
    this.tree.push(events.map(({ leaf }) => Buffer.from(leaf, 'hex')));
    // Beside the next events, which need not wait: what a crash leaves unwritten the next leader writes.
    if (this.tree.hasUnwritten && this.writing.isIdle) this.writing.add(this.tree.write());
  }
}
