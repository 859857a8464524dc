import type { NatsConnection } from '@nats-io/transport-node';
import type { RecordedEvent } from '#libs/contracts';
import type { Database } from '#libs/database';
import {
  lastPosition,
  positionSince,
  readRecorded,
  recallReaders,
  recordAdopted,
  recordFork,
  relayState,
} from '#libs/ledger';
import { logMessageOf, LogPublisher, LogStream, pause, Wake, type StreamOptions } from '#libs/messaging';
import { findFork, lastShared } from './find-fork.js';
import { UnderWay } from '../under-way.js';

/** Most events that are taken at once. */
const WINDOW = 256;
/** Most events on their way to the stream. */
const MOST_UNACKNOWLEDGED = 512;
const BUFFERED = 5_000;
const IDLE_MS = 1_000;
/** How often an idle relay looks whether the stream is still where it left it. */
const CHECK_MS = 5_000;
const RETRY_MS = 250;
const RETRY_MAX_MS = 2_000;
const FORKED_POLL_MS = 1_000;

export interface RelayOptions {
  database: Database;
  connection: NatsConnection;
  stream: StreamOptions;
  /** `source` of the CloudEvents. */
  source: string;
  onPublished?: (count: number, position: number) => void;
  onRebuilt?: (next: number) => void;
  /** Told what differs; null when the fork was adopted. */
  onFork?: (found: string | null) => void;
  onTrouble?: (error: unknown) => void;
}

/** Publishes the log to JetStream, sequence = position. Keeps no state: the stream itself says where to go on. */
export class Relay {
  private readonly wake = new Wake();
  /** Events from the sequencer that are to be published next; dense. */
  private buffer: RecordedEvent[] = [];
  /** The last position that the store is known to have. */
  private known = 0;

  constructor(private readonly options: RelayOptions) {}

  /** Takes what was just sequenced, to save reading it again. What it cannot keep is read from the store later. */
  offer(events: RecordedEvent[]): void {
    const last = this.buffer.at(-1);
    this.known = Math.max(this.known, events.at(-1)?.position ?? 0);
    const follows = last === undefined || events[0]?.position === last.position + 1;
    if (follows && this.buffer.length + events.length <= BUFFERED) this.buffer.push(...events);
    this.wake.call();
  }

  /** Relays until `signal` is aborted. Whatever fails is tried again from where the stream stands then. */
  async run(signal: AbortSignal): Promise<void> {
    let wait = RETRY_MS;
    while (!signal.aborted) {
      try {
        const stream = await LogStream.open(this.options.connection, this.options.stream);
        const next = await this.align(stream, signal);
        wait = RETRY_MS;
        await this.publishFrom(next, stream, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.options.onTrouble?.(error);
        await pause(wait, signal);
        wait = Math.min(wait * 2, RETRY_MAX_MS);
      }
    }
  }

  /** Makes stream and store agree; answers the next position to publish. */
  private async align(stream: LogStream, signal: AbortSignal): Promise<number> {
    const { database } = this.options;
    const position = await stream.position();
    if (position !== null) {
      const found = await findFork(database, stream, position.last);
      if (found !== null) return this.waitForAdoption(found, stream, signal);
    }
    await this.forgetFork();
    const isNew = position === null || (position.last === 0 && position.messages === 0);
    if (isNew) return this.rebuild(stream);
    await stream.configure();
    return position.last + 1;
  }

  /** A fork that was recorded and is gone: another stream was meant, or an adoption was cut short after its rebuild. */
  private async forgetFork(): Promise<void> {
    const { forked, adoptRequested } = await relayState(this.options.database);
    if (forked === null && !adoptRequested) return;
    await recordAdopted(this.options.database);
    this.options.onFork?.(null);
  }

  private async rebuild(stream: LogStream): Promise<number> {
    const next = await positionSince(this.options.database, this.options.stream.maxAge);
    await stream.rebuild(next);
    await stream.configure();
    this.options.onRebuilt?.(next);
    return next;
  }

  private async waitForAdoption(found: string, stream: LogStream, signal: AbortSignal): Promise<number> {
    const { database } = this.options;
    await recordFork(database, found);
    this.options.onFork?.(found);
    while (!(await relayState(database)).adoptRequested) {
      await pause(FORKED_POLL_MS, signal);
      signal.throwIfAborted();
    }
    const shared = await lastShared(database, stream);
    const next = await this.rebuild(stream);
    await recallReaders(database, shared);
    await recordAdopted(database);
    this.options.onFork?.(null);
    return next;
  }

  private async publishFrom(first: number, stream: LogStream, signal: AbortSignal): Promise<void> {
    using publisher = new LogPublisher(this.options.connection);
    const underWay = new UnderWay(this.wake.call);
    let next = first;
    let checkAt = performance.now() + CHECK_MS;
    this.known = await lastPosition(this.options.database);
    while (!signal.aborted) {
      while (publisher.unacknowledged >= MOST_UNACKNOWLEDGED) await underWay.oldest();
      underWay.throwIfFailed();
      const events = await this.take(next);
      const last = events.at(-1);
      if (last) {
        // The next ones do not wait for these to be stored: behind one that is refused, all are.
        underWay.add(this.publish(events, publisher));
        next = last.position + 1;
        checkAt = performance.now() + CHECK_MS;
      } else if (publisher.unacknowledged === 0 && performance.now() > checkAt) {
        const position = await stream.position();
        if (position?.last !== next - 1)
          throw new Error(`the stream ends at ${position?.last ?? 'nothing'}, not at ${next - 1}`);
        checkAt = performance.now() + CHECK_MS;
      } else {
        await this.idle(signal);
      }
    }
  }

  private async publish(events: RecordedEvent[], publisher: LogPublisher): Promise<void> {
    await publisher.publish(events.map((event) => logMessageOf(event, this.options.source)));
    this.options.onPublished?.(events.length, events.at(-1)?.position ?? 0);
  }

  /** The sequencer tells of every event; the store is asked in case somebody else gave one its position. */
  private async idle(signal: AbortSignal): Promise<void> {
    const { known } = this;
    await this.wake.sleep(IDLE_MS, signal);
    if (this.known === known) this.known = await lastPosition(this.options.database);
  }

  private async take(next: number): Promise<RecordedEvent[]> {
    const { database } = this.options;
    this.buffer = dropBefore(this.buffer, next);
    if (this.buffer[0]?.position === next) return this.buffer.splice(0, WINDOW);
    if (this.known < next) return [];
    return readRecorded(database, next - 1, WINDOW);
  }
}

function dropBefore(events: RecordedEvent[], position: number): RecordedEvent[] {
  const [first] = events;
  return first === undefined || first.position >= position ? events : events.slice(position - first.position);
}
