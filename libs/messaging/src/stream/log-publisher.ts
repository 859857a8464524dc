import { createInbox, MsgHdrsImpl, type Msg, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import { STREAM } from '#libs/contracts';
import type { LogMessage } from './log-message.js';

const TIMEOUT_MS = 5_000;

interface Batch {
  /** Messages that are not acknowledged yet. */
  left: number;
  deadline: NodeJS.Timeout;
  resolve: () => void;
  reject: (error: Error) => void;
}

interface Sent {
  message: LogMessage;
  batch: Batch;
  isSecond: boolean;
}

/**
 * Publishes messages whose positions follow one another; none waits for the one before. Each says which sequence the stream
 * must have reached, so that a hole refuses all that follows. The acknowledgements come in on one subject: a request for
 * each message would cost more than the message.
 */
export class LogPublisher implements Disposable {
  private readonly sent = new Map<number, Sent>();
  private readonly inbox = `${createInbox()}.`;
  private readonly acks: Subscription;

  constructor(private readonly connection: NatsConnection) {
    const callback = (error: Error | null, ack: Msg) => (error ? this.fail(error) : this.receive(ack));
    this.acks = connection.subscribe(`${this.inbox}*`, { callback });
  }

  /** Messages on their way. */
  get unacknowledged(): number {
    return this.sent.size;
  }

  /** Resolves when all are stored at their positions. The first that is not rejects everything on its way. */
  publish(messages: readonly LogMessage[]): Promise<void> {
    if (messages.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const late = () => this.fail(new Error(`${STREAM} did not acknowledge within ${TIMEOUT_MS / 1000} s`));
      const batch: Batch = { left: messages.length, deadline: setTimeout(late, TIMEOUT_MS), resolve, reject };
      for (const message of messages) {
        this.sent.set(message.position, { message, batch, isSecond: false });
      }
      try {
        for (const message of messages) this.send(message, message.eventId);
      } catch (error) {
        this.fail(error as Error);
      }
    });
  }

  /** What is on its way is not waited for, and not told of. */
  [Symbol.dispose](): void {
    this.fail(new Error('the publisher was closed'));
    if (!this.acks.isClosed() && !this.connection.isClosed()) this.acks.unsubscribe();
  }

  private send({ subject, body, headers, position }: LogMessage, messageId: string): void {
    this.connection.publish(subject, body, {
      reply: this.inbox + position,
      headers: MsgHdrsImpl.fromRecord({
        ...headers,
        'Nats-Msg-Id': [messageId],
        'Nats-Expected-Last-Sequence': [String(position - 1)],
      }),
    });
  }

  private receive(ack: Msg): void {
    const position = Number(ack.subject.slice(this.inbox.length));
    const one = this.sent.get(position);
    if (!one) return;
    try {
      const sequence = sequenceIn(ack);
      if (sequence === position) this.stored(position, one);
      else this.sendAgain(one, sequence);
    } catch (error) {
      this.fail(error as Error);
    }
  }

  private stored(position: number, { batch }: Sent): void {
    this.sent.delete(position);
    batch.left -= 1;
    if (batch.left > 0) return;
    clearTimeout(batch.deadline);
    batch.resolve();
  }

  /** Another position was published under this event id within the duplicate window: an id that was used twice. */
  private sendAgain(one: Sent, sequence: number): void {
    const { eventId, position } = one.message;
    if (one.isSecond) throw new Error(`position ${position} was stored as ${sequence} of ${STREAM}`);
    one.isSecond = true;
    this.send(one.message, `${eventId}@${position}`);
  }

  private fail(error: Error): void {
    const batches = new Set([...this.sent.values()].map(({ batch }) => batch));
    this.sent.clear();
    for (const { deadline, reject } of batches) {
      clearTimeout(deadline);
      reject(error);
    }
  }
}

/** Sequence that an acknowledgement names. Throws what the server says against the message. */
function sequenceIn(ack: Msg): number {
  if (ack.data.length === 0) throw new Error(`nobody keeps ${STREAM}: ${ack.headers?.status ?? 'an empty answer'}`);
  const { seq, error } = ack.json<{ seq?: number; error?: { description?: string } }>();
  if (error || seq === undefined) throw new Error(error?.description ?? `an answer of ${STREAM} without a sequence`);
  return seq;
}
