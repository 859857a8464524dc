import type { NatsConnection } from '@nats-io/transport-node';
import type { CloudEvent } from '#libs/contracts';
import { pause } from '../pause.js';
import { AsyncInbox } from './inbox.js';
import { readAhead } from './read-ahead.js';
import { openSubscription, type LogDelivery } from './subscription.js';

/** What reads the log: applies events and remembers how far it came, both in one transaction. */
export interface LogHandler {
  /** Position of the last event that was applied, read from where `apply` commits it; 0 at the start. */
  checkpoint(): Promise<number>;
  /** Applies events, dense and in order, the first one at checkpoint + 1. Throws to have them again. */
  apply(batch: CloudEvent[]): Promise<void>;
}

/** The log in PostgreSQL, by position: what the consumer reads at gaps, while NATS is away, and to catch up. */
export type ReadLog = (after: number, limit: number) => Promise<CloudEvent[]>;

export interface LogConsumerOptions {
  connection: NatsConnection;
  /** Name of the durable pull consumer. */
  durable: string;
  handler: LogHandler;
  readLog: ReadLog;
  /** Most events of one `apply`. */
  batchSize?: number;
  /** Told when an event cannot be applied. The consumer stays at it, and tries again every `parkedRetryMs`. */
  onParked?: (parked: ParkedAt) => void;
  /** Told when the parked event was applied after all. */
  onResumed?: () => void;
  onApplied?: (count: number, position: number) => void;
  /** Told of what went wrong and is tried again. */
  onTrouble?: (error: unknown) => void;
  parkedRetryMs?: number;
}

export interface ParkedAt {
  position: number;
  eventId: string;
  error: unknown;
}

const BATCH_SIZE = 1_000;
/** How often the store is asked when the bus is quiet: what NATS loses arrives this much later. */
const IDLE_MS = 1_000;
const ATTEMPTS = 3;
const RETRY_MS = 200;
const PARKED_RETRY_MS = 10_000;
const REDELIVER_MS = 30_000;

/**
 * Reads the log in order, each event once. The handler's checkpoint is the only truth: messages at or below it are acked
 * unseen, a gap is read from the store, and what JetStream redelivers changes nothing.
 */
export class LogConsumer {
  private position = 0;
  private parked: ParkedAt | null = null;
  private readonly batchSize: number;

  constructor(private readonly options: LogConsumerOptions) {
    this.batchSize = options.batchSize ?? BATCH_SIZE;
  }

  /** Where the consumer stands: the last applied position, and the event that it cannot get past. */
  get state(): { position: number; parked: ParkedAt | null } {
    return { position: this.position, parked: this.parked };
  }

  /** Reads until `signal` is aborted. Errors are waited out and never skip an event. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.read(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof Parked)) this.options.onTrouble?.(error);
        await pause(error instanceof Parked ? (this.options.parkedRetryMs ?? PARKED_RETRY_MS) : RETRY_MS, signal);
      }
    }
  }

  private async read(signal: AbortSignal): Promise<void> {
    this.position = await this.options.handler.checkpoint();
    await this.catchUp(signal);
    const inbox = new AsyncInbox<LogDelivery>();
    await using _subscription = await openSubscription({
      ...this.options,
      from: () => this.position + 1,
      maxPending: this.batchSize * 2,
      inbox,
      signal,
    });
    while (!signal.aborted) {
      const deliveries = await inbox.take(this.batchSize, IDLE_MS, signal);
      if (signal.aborted) return;
      if (deliveries.length === 0) await this.idle(signal);
      else await this.deliver(deliveries, signal);
    }
  }

  /** The checkpoint is moved by others when the log is adopted after a fork, or a database is restored under us. */
  private async idle(signal: AbortSignal): Promise<void> {
    const checkpoint = await this.options.handler.checkpoint();
    if (checkpoint !== this.position) {
      throw new Error(`the checkpoint was moved from ${this.position} to ${checkpoint}: reading goes on from there`);
    }
    await this.catchUp(signal);
  }

  private async deliver(deliveries: LogDelivery[], signal: AbortSignal): Promise<void> {
    try {
      const fresh = deliveries.filter(({ position }) => position > this.position);
      if (isDense(fresh, this.position)) await this.apply(fresh.map(({ event }) => event as CloudEvent));
      else await this.catchUp(signal, fresh.at(-1)?.position);
      deliveries.forEach(({ ack }) => ack());
    } catch (error) {
      deliveries.forEach(({ nak }) => nak(REDELIVER_MS));
      throw error;
    }
  }

  /** Reads the store up to its end. Throws when it has not got what the bus delivered, up to `atLeast`. */
  private async catchUp(signal: AbortSignal, atLeast = 0): Promise<void> {
    for await (const read of readAhead(this.options.readLog, this.position, this.batchSize)) {
      assertDense(read, this.position);
      await this.apply(read);
      if (signal.aborted) break;
    }
    if (this.position < atLeast && !signal.aborted) {
      throw new Error(`the bus delivered position ${atLeast}, the store ends at ${this.position}: the log has forked`);
    }
  }

  private async apply(events: CloudEvent[]): Promise<void> {
    const last = events.at(-1);
    if (last === undefined) return;
    try {
      await this.options.handler.apply(events);
      this.applied(events.length, last.position);
    } catch (error) {
      this.options.onTrouble?.(error);
      // The batch has failed whole: go on one by one, to name the event that it failed at.
      this.position = await this.options.handler.checkpoint();
      // What lies between must come first: no fault of the event.
      if ((events[0]?.position ?? 0) > this.position + 1) throw error;
      for (const event of events) if (event.position > this.position) await this.applyOne(event);
    }
  }

  private async applyOne(event: CloudEvent): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.options.handler.apply([event]);
        return this.applied(1, event.position);
      } catch (error) {
        if (attempt === ATTEMPTS) throw this.park({ position: event.position, eventId: event.id, error });
        await pause(RETRY_MS * attempt);
      }
    }
  }

  private applied(count: number, position: number): void {
    this.position = position;
    if (this.parked && position >= this.parked.position) {
      this.parked = null;
      this.options.onResumed?.();
    }
    this.options.onApplied?.(count, position);
  }

  private park(parked: ParkedAt): Parked {
    if (this.parked?.position !== parked.position) this.options.onParked?.(parked);
    this.parked = parked;
    return new Parked();
  }
}

/** Thrown to leave the reading loop when an event cannot be applied. */
class Parked extends Error {}

function isDense(deliveries: LogDelivery[], after: number): boolean {
  return deliveries.every(({ position, event }, index) => event !== null && position === after + index + 1);
}

function assertDense(events: CloudEvent[], after: number): void {
  events.forEach(({ position }, index) => {
    const expected = after + index + 1;
    if (position !== expected) {
      throw new Error(`the store gives position ${position} where ${expected} is due: positions are dense`);
    }
  });
}
