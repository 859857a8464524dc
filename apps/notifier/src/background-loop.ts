import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '#libs/platform';

/** Work that is done again and again until it is closed. A failure is logged and the next round comes all the same. */
export class BackgroundLoop {
  private readonly stop = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly name: string,
    private readonly logger: Logger,
  ) {}

  /** `round` is given the signal that ends the loop. */
  start(pauseSeconds: number, round: (signal: AbortSignal) => Promise<void>): this {
    this.running = this.run(pauseSeconds, round);
    return this;
  }

  /** Resolves when the round under way is over. */
  async close(): Promise<void> {
    this.stop.abort();
    await this.running;
  }

  private async run(pauseSeconds: number, round: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.stop;
    while (!signal.aborted) {
      try {
        await round(signal);
      } catch (error) {
        if (!signal.aborted) this.logger.error({ err: error }, `${this.name} failed and is tried again`);
      }
      await sleep(pauseSeconds * 1000, undefined, { signal }).catch(() => undefined);
    }
  }
}
