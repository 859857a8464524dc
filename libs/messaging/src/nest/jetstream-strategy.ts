import { type CustomTransportStrategy, Server } from '@nestjs/microservices';
import { from, isObservable, lastValueFrom } from 'rxjs';
import type { CloudEvent } from '#libs/contracts';
import { LogConsumer, type LogConsumerOptions, type ParkedAt } from '../consumer/log-consumer.js';
import { pause } from '../pause.js';

/** Pattern of the one handler that takes the log's batches: `@EventPattern(LOG_BATCH)`. */
export const LOG_BATCH = 'ledger.log.batch';

/** Leadership while it lasts; `lead()` of libs/database gives one. */
export interface Leadership extends AsyncDisposable {
  readonly lost: AbortSignal;
}

export interface JetStreamStrategyOptions extends Omit<LogConsumerOptions, 'handler'> {
  /** Position that the handler committed last; 0 at the start. */
  checkpoint: () => Promise<number>;
  /** Waits until this process is the one that reads. */
  lead: (signal: AbortSignal) => Promise<Leadership>;
}

const LEAD_RETRY_MS = 500;

/**
 * NestJS transport for the log: durable pull consumer, one reading leader, batches in order, ack after the handler's
 * transaction.
 *
 * @example
 * // the handler: applies the batch and its checkpoint in one transaction; throws to have the batch again
 * @Controller()
 * @UseFilters(ErrorsReachTheTransport)
 * export class LogController {
 *   @EventPattern(LOG_BATCH)
 *   apply(@Payload() batch: CloudEvent[]): Promise<void> { … }
 * }
 *
 * // the start
 * const strategy = new JetStreamStrategy({
 *   connection, durable: 'notifier', checkpoint: () => notifications.checkpoint(),
 *   readLog: async (after, limit) => (await ledger.readLog({ after, limit })).map((e) => toCloudEvent(e, source)),
 *   lead: (signal) => lead(database, LOCKS.notifierConsumer, signal),
 * });
 * const app = await NestFactory.createMicroservice(NotifierModule, { strategy, logger });
 * await app.listen();
 */
export class JetStreamStrategy extends Server implements CustomTransportStrategy {
  /** A failed handler means "again", and the consumer reports it. */
  override readonly propagatesEventHandlerErrors: boolean = true;

  private readonly stop = new AbortController();
  private readonly consumer: LogConsumer;
  private running: Promise<void> = Promise.resolve();
  private isLeading = false;

  constructor(private readonly options: JetStreamStrategyOptions) {
    super();
    this.consumer = new LogConsumer({
      ...options,
      handler: { checkpoint: options.checkpoint, apply: (batch) => this.dispatch(batch) },
    });
  }

  /** Where the reader stands; a standby's position is the one of its last leadership. */
  get state(): { leading: boolean; position: number; parked: ParkedAt | null } {
    return { leading: this.isLeading, ...this.consumer.state };
  }

  listen(callback: (...parameters: unknown[]) => unknown): void {
    if (!this.getHandlerByPattern(LOG_BATCH)) {
      callback(new Error(`no handler: a controller needs @EventPattern(LOG_BATCH) ('${LOG_BATCH}')`));
      return;
    }
    this.running = this.run();
    callback();
  }

  /** Resolves when the batch in flight is done and the leadership is given up. */
  async close(): Promise<void> {
    this.stop.abort();
    await this.running;
  }

  on(): never {
    throw new Error('this transport has no client events');
  }

  unwrap<T>(): T {
    return this.consumer as T;
  }

  private async run(): Promise<void> {
    const { signal } = this.stop;
    while (!signal.aborted) {
      try {
        await using leadership = await this.options.lead(signal);
        this.isLeading = true;
        await this.consumer.run(AbortSignal.any([signal, leadership.lost]));
      } catch (error) {
        if (signal.aborted) return;
        this.options.onTrouble?.(error);
      } finally {
        this.isLeading = false;
      }
      await pause(LEAD_RETRY_MS, signal);
    }
  }

  private async dispatch(batch: CloudEvent[]): Promise<void> {
    const handler = this.getHandlerByPattern(LOG_BATCH);
    if (!handler) throw new Error(`no handler for ${LOG_BATCH}`);
    const result: unknown = await handler(batch);
    if (isObservable(result)) await lastValueFrom(from(result), { defaultValue: undefined });
  }
}
