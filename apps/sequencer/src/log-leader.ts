import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { NatsConnection } from '@nats-io/transport-node';
import { APPEND_HINT_SUBJECT, type RecordedEvent } from '#libs/contracts';
import { Database, lead, LOCKS, type Lease } from '#libs/database';
import { CheckpointStore } from '#libs/ledger';
import { LogStream, pause, Wake, type StreamOptions } from '#libs/messaging';
import type { Logger } from '#libs/platform';
import type { CheckpointSigner } from '#libs/proof';
import { CheckpointPublisher } from './checkpoint/checkpoint-publisher.js';
import { Checkpointer, RootDiffers } from './checkpoint/checkpointer.js';
import { LogClock } from './clock/log-clock.js';
import { HeadWatch } from './heads/head-watch.js';
import { HorizonWatch } from './horizon/horizon-watch.js';
import { ReceiptRetention } from './receipts/receipt-retention.js';
import { Relay } from './relay/relay.js';
import { SequencerMetrics } from './sequencer-metrics.js';
import { Sequencing } from './sequencing/sequencing.js';

export interface LogLeaderParts {
  database: Database;
  connection: NatsConnection;
  /** Of the current key, which may be another each time. */
  signer: () => Promise<CheckpointSigner>;
  stream: StreamOptions;
  /** `source` of the CloudEvents. */
  source: string;
  logger: Logger;
  metrics: SequencerMetrics;
}

export const LOG_LEADER_PARTS = Symbol('log leader parts');
const RETRY_MS = 500;

/** One leader per log: sequences, relays and signs while it holds the lock; standbys wait for it. */
@Injectable()
export class LogLeader implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly stop = new AbortController();
  private readonly wake = new Wake();
  private running: Promise<void> = Promise.resolve();
  private leading = false;

  constructor(@Inject(LOG_LEADER_PARTS) private readonly parts: LogLeaderParts) {}

  get isLeading(): boolean {
    return this.leading;
  }

  onApplicationBootstrap(): void {
    const hints = this.parts.connection.subscribe(APPEND_HINT_SUBJECT, { callback: this.wake.call });
    this.stop.signal.addEventListener('abort', () => hints.unsubscribe());
    this.running = this.run(this.stop.signal);
  }

  async onApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await this.running;
  }

  private async run(signal: AbortSignal): Promise<void> {
    const { database, logger, metrics } = this.parts;
    while (!signal.aborted) {
      try {
        await using lease = await lead(database, LOCKS.sequencer, signal);
        logger.info('leading the log');
        this.leading = true;
        metrics.leading.set(1);
        await this.work(lease, AbortSignal.any([signal, lease.lost]));
      } catch (error) {
        if (signal.aborted) return;
        logger.error({ err: error }, 'the log’s leader stumbled; trying again');
      } finally {
        this.leading = false;
        metrics.leading.set(0);
      }
      await pause(RETRY_MS, signal);
    }
  }

  /** Runs the parts of leadership together: the first that fails ends all, and the leadership with them. */
  private async work(lease: Lease, signal: AbortSignal): Promise<void> {
    const { database } = this.parts;
    const ended = new AbortController();
    const until = AbortSignal.any([signal, ended.signal]);
    const relay = this.relay();
    const onSequenced = (events: RecordedEvent[]) => this.sequenced(events, relay);
    const sequencing = await Sequencing.start({ database, client: lease.client, wake: this.wake, onSequenced });
    const { metrics, logger } = this.parts;
    const horizon = new HorizonWatch(database, (stall) => metrics.stall(stall, logger));
    const heads = new HeadWatch(database, (differing) => metrics.heads(differing, logger));
    const clock = new LogClock(database, (standing, step) => metrics.clock(standing, step, logger));
    const receipts = new ReceiptRetention(database, (count) => logger.info({ count }, 'old receipts were forgotten'));
    const publisher = await this.publisher();
    const work = [
      sequencing.run(until),
      relay.run(until),
      this.sign(sequencing, publisher, until),
      publisher.run(until),
      horizon.run(until),
      clock.run(until),
      heads.run(until),
      receipts.run(until),
    ];
    try {
      await Promise.all(work);
    } finally {
      ended.abort();
      await Promise.allSettled(work);
    }
  }

  private sequenced(events: RecordedEvent[], relay: Relay): void {
    relay.offer(events);
    this.parts.metrics.position.set(events.at(-1)?.position ?? 0);
  }

  private relay(): Relay {
    const { database, connection, stream, source, logger, metrics } = this.parts;
    return new Relay({
      database,
      connection,
      stream,
      source,
      onPublished: (_count, position) => metrics.relayed.set(position),
      onRebuilt: (next) => logger.warn({ next }, `the stream was made anew; it goes on at position ${next}`),
      onFork: (found) => {
        metrics.forked.set(found === null ? 0 : 1);
        if (found === null) logger.warn('the store’s history was adopted; the stream is rebuilt from it');
        else logger.error({ code: 'LOG_FORKED' }, `LOG_FORKED: ${found}. If the store is right: sledger log adopt`);
      },
      onTrouble: (error) => logger.warn({ err: error }, 'the relay cannot publish; events wait in the store'),
    });
  }

  /** An earlier leader may have ended before its last checkpoint was out. */
  private async publisher(): Promise<CheckpointPublisher> {
    const { database, connection, stream, logger } = this.parts;
    const publisher = new CheckpointPublisher(
      async (note) => (await LogStream.open(connection, stream)).publishCheckpoint(note),
      (error) => {
        if (error === null) logger.info('checkpoints are published again');
        else logger.warn({ err: error }, 'the checkpoint cannot be published yet; the newest is tried again');
      },
    );
    const latest = await new CheckpointStore(database).latest();
    if (latest !== null) publisher.offer(latest.note);
    return publisher;
  }

  /** An altered log stops the signing, never the sequencing. */
  private async sign({ tree }: Sequencing, publisher: CheckpointPublisher, signal: AbortSignal): Promise<void> {
    const { database, signer, logger, metrics } = this.parts;
    const checkpointer = new Checkpointer({
      database,
      tree,
      signer,
      onSigned: ({ size, note }) => {
        metrics.signed.set(size);
        publisher.offer(note);
      },
    });
    try {
      await checkpointer.run(signal);
    } catch (error) {
      if (!(error instanceof RootDiffers)) throw error;
      metrics.altered.set(1);
      logger.fatal({ code: 'ROOT_DIFFERS' }, `ROOT_DIFFERS: ${error.message}`);
      await pause(2 ** 31 - 1, signal);
    }
  }
}
