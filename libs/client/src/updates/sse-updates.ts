import type { IncomingMessage } from 'node:http';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { HOLDER_ASSERTION_HEADER } from '#libs/contracts';
import type { HolderIdentity } from '../holder/holder-identity.js';
import { openRequest } from '../http/send-request.js';
import type { Log } from '../log.js';
import { urlOf } from '../session/ledger-api.js';
import type { ServerClock } from '../session/server-clock.js';
import { parseEvent } from './parse-event.js';
import type { UpdateListener } from './update-listener.js';
import type { UpdatesWatch } from './updates-state.js';

export interface SseUpdatesOptions {
  baseUrl: () => string;
  clock: ServerClock;
  holder: () => HolderIdentity | null;
  /** The session's token, for a process that is no holder. */
  token: () => string | null;
  listener: UpdateListener;
  /** Told once, when the first connection fails. */
  failed?: () => void;
  log: Log;
}

const PATH = '/v1/updates';
const FIRST_RETRY = 250;
const LONGEST_RETRY = 5_000;
const HEAD_DEADLINE = 10_000;

/** The agent's events over SSE. Reconnects for ever, resuming after the last event id; its loss is no error. */
export class SseUpdates {
  private tried = false;
  private lastEventId: string | null = null;
  private retry = FIRST_RETRY;
  private readonly stopped = new AbortController();
  private wake: (() => void) | null = null;
  private idle = false;
  private current: IncomingMessage | null = null;
  private running: Promise<void> | null = null;

  constructor(
    private readonly options: SseUpdatesOptions,
    private readonly watch: UpdatesWatch,
  ) {}

  start(): void {
    this.running ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    this.wake?.();
    await this.running;
  }

  /** Connects at once instead of waiting out the pause: there is a new credential, or a sign of the server. */
  nudge(): void {
    this.retry = FIRST_RETRY;
    this.wake?.();
  }

  /** Nothing was heard for too long: the connection is given up for another. */
  giveUp(): void {
    this.current?.destroy(new Error('the stream fell silent'));
  }

  /** Idle: not connected, because the news come another way for now. */
  setIdle(idle: boolean): void {
    this.idle = idle;
    if (idle) this.current?.destroy();
    else this.nudge();
  }

  private async run(): Promise<void> {
    const { signal } = this.stopped;
    while (!signal.aborted) {
      try {
        if (!this.idle) await this.listen();
      } catch (error) {
        if (!signal.aborted) this.options.log.debug(`Updates: ${(error as Error).message}.`);
        if (!this.tried) this.options.failed?.();
        this.tried = true;
      }
      if (!this.idle && !signal.aborted) this.watch.lost();
      if (!signal.aborted) await this.pause();
    }
  }

  /** One connection, until it ends. */
  private async listen(): Promise<void> {
    const credential = await this.credential();
    if (credential === null) return;
    const answer = await openRequest(urlOf(this.options.baseUrl(), PATH), {
      method: 'GET',
      headers: {
        accept: 'text/event-stream',
        ...credential,
        ...(this.lastEventId !== null && { 'last-event-id': this.lastEventId }),
      },
      timeoutMs: HEAD_DEADLINE,
      signal: this.stopped.signal,
    });
    if (this.idle) {
      // It was still to open when the news began to come another way.
      answer.destroy();
      return;
    }
    this.current = answer;
    try {
      if (answer.statusCode !== 200) {
        answer.destroy();
        throw new Error(`the server answered ${answer.statusCode}`);
      }
      this.open();
      const parser = createParser({ onEvent: (message) => this.take(message), onRetry: (ms) => this.hintRetry(ms) });
      answer.setEncoding('utf8');
      for await (const chunk of answer as AsyncIterable<string>) {
        parser.feed(chunk);
      }
    } finally {
      this.current = null;
    }
  }

  private async credential(): Promise<Record<string, string> | null> {
    const holder = this.options.holder();
    if (holder !== null) {
      return { [HOLDER_ASSERTION_HEADER]: await holder.assertion('GET', PATH, this.options.clock.now() / 1000) };
    }
    const token = this.options.token();
    return token === null ? null : { authorization: `Bearer ${token}` };
  }

  private open(): void {
    this.tried = true;
    this.retry = FIRST_RETRY;
    this.watch.start();
    this.options.listener.opened(this.lastEventId !== null);
  }

  private hintRetry(ms: number): void {
    this.retry = Math.min(Math.max(ms, FIRST_RETRY), LONGEST_RETRY);
  }

  private take(message: EventSourceMessage): void {
    if (message.event === 'reset') {
      this.lastEventId = null;
      this.options.listener.opened(false);
      return;
    }
    if (message.id !== undefined && message.id !== '') this.lastEventId = message.id;
    if (!this.idle) this.watch[message.event === 'heartbeat' ? 'heartbeat' : 'sign']();
    if (message.event === 'end' || message.data === '') return;
    const event = parseEvent(message.data);
    if (event !== null) this.options.listener.hear(event);
  }

  private async pause(): Promise<void> {
    const wait = this.retry * (0.5 + Math.random());
    this.retry = Math.min(this.retry * 2, LONGEST_RETRY);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, wait);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = null;
  }
}
