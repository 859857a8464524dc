import { pause } from '#libs/messaging';

/** Wakes one sleeper early. A call while nobody sleeps makes the next sleep end at once. */
export class Wake {
  private calls = new AbortController();

  readonly call = (): void => this.calls.abort();

  async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    await pause(milliseconds, AbortSignal.any([signal, this.calls.signal]));
    this.calls = new AbortController();
  }
}
