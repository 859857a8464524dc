import { get, type IncomingMessage } from 'node:http';
import { createParser } from 'eventsource-parser';
import type { CloudEvent } from '#libs/contracts';

export interface Heard {
  id: string | undefined;
  event: string | undefined;
  data: string;
}

/** A client of the update stream that keeps its cursor and can be cut at any byte. */
export class UpdateListener {
  readonly heard: Heard[] = [];
  lastEventId: string | undefined;
  private answer: IncomingMessage | null = null;

  constructor(
    private readonly url: string,
    private readonly headers: () => Record<string, string>,
  ) {}

  /** The ledger's events that were heard, in the order of hearing. */
  get events(): CloudEvent[] {
    return this.heard
      .filter(({ event, data }) => event === undefined && data !== '')
      .map(({ data }) => JSON.parse(data) as CloudEvent);
  }

  /** Connects and listens; resolves when the connection ends, however it ends. `cutAfter` bytes end it from this side. */
  async listen({ cutAfter = Infinity } = {}): Promise<void> {
    const answer = await this.connect();
    this.answer = answer;
    const parser = createParser({
      onEvent: ({ id, event, data }) => {
        this.heard.push({ id, event, data });
        if (id !== undefined) this.lastEventId = id;
      },
    });
    answer.setEncoding('utf8');
    let left = cutAfter;
    await new Promise<void>((resolve) => {
      answer.on('data', (chunk: string) => {
        parser.feed(chunk.slice(0, left));
        left -= chunk.length;
        if (left <= 0) answer.destroy();
      });
      answer.once('close', () => resolve());
      answer.on('error', () => undefined);
    });
  }

  close(): void {
    this.answer?.destroy();
  }

  private connect(): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const headers = {
        ...this.headers(),
        ...(this.lastEventId !== undefined && { 'last-event-id': this.lastEventId }),
      };
      get(`${this.url}/v1/updates`, { headers, agent: false }, resolve).on('error', reject);
    });
  }
}
