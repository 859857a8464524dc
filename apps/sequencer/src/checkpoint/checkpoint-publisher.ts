import { pause, Wake } from '#libs/messaging';

const IDLE_MS = 60_000;
const RETRY_MS = 1_000;

/** Publishes the newest checkpoint, again and again until the bus has it: a witness that never left the house is none. */
export class CheckpointPublisher {
  private readonly wake = new Wake();
  private newest: string | null = null;
  private isFailing = false;

  /** `onTrouble` is told of the first failure of a row, and with null when it is over. */
  constructor(
    private readonly publish: (note: string) => Promise<void>,
    private readonly onTrouble: (error: unknown) => void,
  ) {}

  /** Takes the place of one that could not be published: the newest covers it. */
  offer(note: string): void {
    this.newest = note;
    this.wake.call();
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const note = this.newest;
      if (note === null) await this.wake.sleep(IDLE_MS, signal);
      else await this.tryOnce(note, signal);
    }
  }

  private async tryOnce(note: string, signal: AbortSignal): Promise<void> {
    try {
      await this.publish(note);
      if (this.newest === note) this.newest = null;
      if (this.isFailing) this.onTrouble(null);
      this.isFailing = false;
    } catch (error) {
      if (!this.isFailing) this.onTrouble(error);
      this.isFailing = true;
      await pause(RETRY_MS, signal);
    }
  }
}
