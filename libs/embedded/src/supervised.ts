import { setTimeout as sleep } from 'node:timers/promises';

interface Server {
  port: number;
  /** Resolves with the reason when the server ends, asked or not. */
  exited: Promise<string>;
  stop(): Promise<void>;
}

export interface SupervisedOptions<T> {
  name: string;
  /** Without a port at first, later with the port that clients know. */
  launch: (port?: number) => Promise<T>;
  onMessage?: (message: string) => void;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

/** A child server that is started again on its port when it ends unasked; clients reconnect by themselves. */
export class Supervised<T extends Server> implements AsyncDisposable {
  private readonly ending = new AbortController();
  private watching: Promise<void>;

  private constructor(
    private server: T,
    private readonly options: SupervisedOptions<T>,
  ) {
    this.watching = this.watch();
  }

  static async start<T extends Server>(options: SupervisedOptions<T>): Promise<Supervised<T>> {
    return new Supervised(await options.launch(), options);
  }

  /** The server that runs now. */
  get current(): T {
    return this.server;
  }

  async stop(): Promise<void> {
    this.ending.abort();
    await this.server.stop();
    await this.watching;
    // A restart that was under way has made another one.
    await this.server.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  private async watch(): Promise<void> {
    while (!this.ending.signal.aborted) {
      const reason = await this.server.exited;
      if (this.ending.signal.aborted) return;
      this.options.onMessage?.(`${this.options.name} ended (${reason}); starting it again`);
      await this.relaunch();
    }
  }

  private async relaunch(): Promise<void> {
    for (let pause = FIRST_PAUSE_MS; !this.ending.signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        this.server = await this.options.launch(this.server.port);
        return;
      } catch (error) {
        this.options.onMessage?.(`${this.options.name} does not start: ${(error as Error).message}`);
        await sleep(pause, undefined, { signal: this.ending.signal }).catch(() => undefined);
      }
    }
  }
}
