import {
  AckPolicy,
  DeliverPolicy,
  jetstream,
  JetStreamApiError,
  jetstreamManager,
  type JetStreamManager,
  type JsMsg,
} from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { STREAM, type CloudEvent } from '#libs/contracts';
import { envelopeOf } from '../stream/log-message.js';
import { pause } from '../pause.js';
import type { AsyncInbox } from './inbox.js';

/** One message of the stream. */
export interface LogDelivery {
  position: number;
  /** Null for a filler: the event must be read from the store. */
  event: CloudEvent | null;
  ack(): void;
  /** Deliver it again after so many milliseconds. */
  nak(milliseconds: number): void;
}

export interface SubscriptionOptions {
  connection: NatsConnection;
  durable: string;
  /** First position that a durable consumer delivers when it is new, or new again. */
  from: () => number;
  /** Most messages that are delivered and not acked. */
  maxPending: number;
  inbox: AsyncInbox<LogDelivery>;
  signal: AbortSignal;
  onTrouble?: (error: unknown) => void;
}

const ACK_WAIT_MS = 60_000;
const OPEN_RETRY_MS = 1_000;
const CONSUMER_NOT_FOUND = 10014;

/**
 * Feeds the inbox from the durable pull consumer. While NATS or the stream is away it tries again in the background: the
 * reader meanwhile lives on the store.
 */
export async function openSubscription(options: SubscriptionOptions): Promise<AsyncDisposable> {
  const ending = new AbortController();
  const signal = AbortSignal.any([options.signal, ending.signal]);
  const feeding = feed(options, signal);
  return {
    async [Symbol.asyncDispose]() {
      ending.abort();
      await feeding;
    },
  };
}

async function feed(options: SubscriptionOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await consume(options, signal);
    } catch (error) {
      if (signal.aborted || options.connection.isClosed()) return;
      options.onTrouble?.(error);
    }
    await pause(OPEN_RETRY_MS, signal);
  }
}

async function consume(options: SubscriptionOptions, signal: AbortSignal): Promise<void> {
  const { connection, durable, inbox } = options;
  await ensureConsumer(await jetstreamManager(connection), options);
  const consumer = await jetstream(connection).consumers.get(STREAM, durable);
  const messages = await consumer.consume({
    max_messages: options.maxPending,
    abort_on_missing_resource: true,
    callback: (message) => receive(message, inbox),
  });
  const stop = () => void messages.close();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const error = await messages.closed();
  signal.removeEventListener('abort', stop);
  if (error instanceof Error) throw error;
}

function receive(message: JsMsg, inbox: AsyncInbox<LogDelivery>): void {
  try {
    const event = envelopeOf(message);
    if (event && event.position !== message.seq) {
      throw new Error(`message ${message.seq} of ${STREAM} carries position ${event.position}`);
    }
    inbox.push({
      position: message.seq,
      event,
      ack: () => message.ack(),
      nak: (milliseconds) => message.nak(milliseconds),
    });
  } catch (error) {
    inbox.fail(error);
  }
}

/** Delivery starts at `from` for a new consumer only: an existing one knows what it has acked. */
async function ensureConsumer(
  manager: JetStreamManager,
  { durable, from, maxPending }: SubscriptionOptions,
): Promise<void> {
  try {
    await manager.consumers.info(STREAM, durable);
    await manager.consumers.update(STREAM, durable, { max_ack_pending: maxPending, ack_wait: nanos(ACK_WAIT_MS) });
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== CONSUMER_NOT_FOUND) throw error;
    await manager.consumers.add(STREAM, {
      durable_name: durable,
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(ACK_WAIT_MS),
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: from(),
      max_ack_pending: maxPending,
      max_deliver: -1,
    });
  }
}
