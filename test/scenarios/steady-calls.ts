import { setInterval as every } from 'node:timers/promises';
import type { McpHost } from './mcp-host.js';

/** Calls under way at most: where they cannot be answered as fast as they come, they come as fast as they are answered. */
const MOST_UNDER_WAY = 100;

/** Calls `session_status` so many times a second, without waiting for the answers, until stopped or disposed. */
export class SteadyCalls implements AsyncDisposable {
  private readonly stopped = new AbortController();
  private readonly answers: Promise<string>[] = [];
  private readonly done: Promise<void>;
  private underWay = 0;

  constructor(host: McpHost, callsPerSecond: number) {
    this.done = this.run(host, 1000 / callsPerSecond).catch(() => undefined);
  }

  /** What every call answered: its status and whether it was an error, or why it failed. */
  async stop(): Promise<string[]> {
    await this[Symbol.asyncDispose]();
    return await Promise.all(this.answers);
  }

  /** A test that fails half-way must not leave a caller behind. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.stopped.abort();
    await this.done;
  }

  private async run(host: McpHost, everyMs: number): Promise<void> {
    for await (const _ of every(everyMs, undefined, { signal: this.stopped.signal })) {
      if (this.underWay < MOST_UNDER_WAY) this.answers.push(this.call(host));
    }
  }

  private async call(host: McpHost): Promise<string> {
    this.underWay += 1;
    try {
      const { isError, content } = await host.call('session_status');
      return `${content['status']} ${isError}`;
    } catch (error) {
      return String(error);
    } finally {
      this.underWay -= 1;
    }
  }
}
