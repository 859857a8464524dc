import { CheckpointStore, LogTree, type GrowingTree } from '#libs/ledger';
import type { Database } from '#libs/database';
import { pause } from '#libs/messaging';
import { signCheckpoint, type CheckpointSigner } from '#libs/proof';

const INTERVAL_MS = 1_000;
/** A log that grows so fast is signed sooner than that. */
const INTERVAL_EVENTS = 1_000;
const LOOK_MS = 100;
const HOURLY_MS = 3_600_000;

export interface CheckpointerOptions {
  database: Database;
  tree: GrowingTree;
  /** Of the current key, which may be another each time. */
  signer: () => Promise<CheckpointSigner>;
  onSigned: (checkpoint: { size: number; note: string }) => void;
}

/** The store's tree is not the one that was signed before: nothing more is signed. */
export class RootDiffers extends Error {
  override readonly name = 'RootDiffers';
}

/** Signs the log: every second or 1,000 events while it grows, and hourly while it does not. */
export class Checkpointer {
  private readonly store: CheckpointStore;
  private signed = { size: 0, at: 0 };

  constructor(private readonly options: CheckpointerOptions) {
    this.store = new CheckpointStore(options.database);
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.compareWithLatest();
    while (!signal.aborted) {
      if (this.isDue()) await this.sign();
      await pause(LOOK_MS, signal);
    }
  }

  /** Whoever altered the store would otherwise have the alteration signed by its next leader. */
  private async compareWithLatest(): Promise<void> {
    const latest = await this.store.latest();
    if (latest === null) return;
    this.signed = { size: latest.size, at: Date.parse(latest.signedAt) };
    const holds = latest.size <= this.options.tree.size;
    const root = holds ? await new LogTree(this.options.database).root(latest.size) : null;
    if (root?.equals(latest.root)) return;
    throw new RootDiffers(
      `the log no longer has the root that was signed at size ${latest.size}: it was altered. ` +
        'Nothing more is signed; keep the checkpoints as witnesses and run `sledger audit verify`.',
    );
  }

  private isDue(): boolean {
    const { size } = this.options.tree;
    const waited = Math.abs(Date.now() - this.signed.at);
    const grown = size - this.signed.size;
    return size > 0 && (waited >= (grown > 0 ? INTERVAL_MS : HOURLY_MS) || grown >= INTERVAL_EVENTS);
  }

  private async sign(): Promise<void> {
    const { tree } = this.options;
    const signer = await this.options.signer();
    const { size } = tree;
    const root = tree.root();
    const signedAt = new Date().toISOString();
    const note = signCheckpoint({ size, root, time: signedAt }, signer);
    await this.store.add({ size, root, signedAt, note });
    this.signed = { size, at: Date.now() };
    this.options.onSigned({ size, note });
  }
}
