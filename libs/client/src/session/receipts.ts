import type { ReceiptBody } from '#libs/contracts';
import type { HolderIdentity } from '../holder/holder-identity.js';
import type { LedgerApi } from './ledger-api.js';

/** Between attempts at one receipt, milliseconds. */
const RETRY_AFTER = 5_000;

/** Tells the server which generation this holder runs. Only the newest news counts; a failure is retried, never reported as one. */
export class Receipts {
  private due: ReceiptBody | null = null;
  private told = '';
  private notBefore = 0;
  private sending: Promise<void> | null = null;

  constructor(
    private readonly api: LedgerApi,
    private readonly holder: () => HolderIdentity | null,
    /** Told of the signed checkpoint that came with an answer. */
    private readonly checkpointSeen: (note: string) => void,
  ) {}

  acknowledge(receipt: ReceiptBody): void {
    const news = JSON.stringify(receipt);
    if (news === this.told) return;
    this.told = news;
    this.due = receipt;
    this.notBefore = 0;
    this.flush();
  }

  /** Sends what is due; called again at every tick. */
  flush(): void {
    if (this.sending !== null || this.due === null || performance.now() < this.notBefore) return;
    this.sending = this.send(this.due).finally(() => {
      this.sending = null;
      if (this.notBefore === 0) this.flush();
    });
  }

  private async send(receipt: ReceiptBody): Promise<void> {
    const holder = this.holder();
    if (holder === null) {
      // The keys may come later: kept until then.
      this.notBefore = performance.now() + RETRY_AFTER;
      return;
    }
    const answer = await this.api.receipt(holder, receipt);
    if (answer.kind === 'ok' && answer.data.checkpoint !== null) this.checkpointSeen(answer.data.checkpoint);
    const settled = answer.kind === 'ok' || answer.kind === 'error' || answer.kind === 'expired';
    if (!settled) this.notBefore = performance.now() + RETRY_AFTER;
    else if (this.due === receipt) this.due = null;
  }
}
