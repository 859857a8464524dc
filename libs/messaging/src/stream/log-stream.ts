import {
  jetstream,
  jetstreamManager,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  type StoredMsg,
  type StreamInfo,
} from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { CHECKPOINT_SUBJECT, LOG_SUBJECTS, STREAM, type CloudEvent } from '#libs/contracts';
import { envelopeOf, FILLER_HEADER } from './log-message.js';
import { checkpointStreamConfig, logStreamConfig, type StreamOptions } from './stream-config.js';

const STREAM_NOT_FOUND = 10059;
const NO_MESSAGE = 10037;
const PUBLISH_TIMEOUT_MS = 5_000;
/** So few at once that a busy machine acknowledges each of them in time. */
const FILL_WINDOW = 250;
const FILLER_SUBJECT = LOG_SUBJECTS.replace('>', '_._.filler');

/** Where the stream stands. */
export interface StreamPosition {
  /** Sequence of the last message ever stored; 0 in a new stream. */
  last: number;
  /** Messages that it holds now. */
  messages: number;
}

/** The log's stream as its publisher keeps it: sequence = position. */
export class LogStream {
  private constructor(
    private readonly manager: JetStreamManager,
    private readonly client: JetStreamClient,
    private readonly options: StreamOptions,
    /** nats-server 2.10 and later: a stream may begin at any sequence. */
    private readonly canBeginAt: boolean,
  ) {}

  static async open(connection: NatsConnection, options: StreamOptions): Promise<LogStream> {
    const [major = 0, minor = 0] = (connection.info?.version ?? '').split('.').map(Number);
    const canBeginAt = major > 2 || (major === 2 && minor >= 10);
    return new LogStream(await jetstreamManager(connection), jetstream(connection), options, canBeginAt);
  }

  /** Null when there is no stream. */
  async position(): Promise<StreamPosition | null> {
    const info = await this.info(STREAM);
    return info && { last: info.state.last_seq, messages: info.state.messages };
  }

  /**
   * Makes the stream anew so that its next sequence is `next`. What it held is gone: durable consumers begin again at
   * their checkpoints.
   */
  async rebuild(next: number): Promise<void> {
    if (await this.info(STREAM)) await this.manager.streams.delete(STREAM);
    const config = logStreamConfig(this.options);
    if (next > 1 && this.canBeginAt) {
      await this.manager.streams.add({ ...config, first_seq: next });
    } else {
      await this.manager.streams.add(config);
      await this.fillUpTo(next - 1);
    }
    const position = await this.position();
    if (position?.last !== next - 1) throw new Error(`the new stream ends at ${position?.last}, not at ${next - 1}`);
  }

  /** Where a stream cannot begin at a given sequence, empty messages take the places before it. */
  private async fillUpTo(last: number): Promise<void> {
    const filler = headers();
    filler.set(FILLER_HEADER, 'true');
    for (let from = 1; from <= last; from += FILL_WINDOW) {
      const window = Array.from({ length: Math.min(FILL_WINDOW, last - from + 1) }, (_, index) => from + index);
      await Promise.all(
        window.map((sequence) =>
          this.client.publish(FILLER_SUBJECT, '', {
            headers: filler,
            expect: { lastSequence: sequence - 1 },
            timeout: PUBLISH_TIMEOUT_MS,
          }),
        ),
      );
    }
  }

  /** Brings age and replicas of the streams up to the configuration; makes the checkpoints' stream. */
  async configure(): Promise<void> {
    const wanted = checkpointStreamConfig(this.options);
    if (!(await this.info(wanted.name))) await this.manager.streams.add(wanted);
    for (const config of [logStreamConfig(this.options), wanted]) {
      const info = await this.info(config.name);
      const isCurrent =
        info?.config.max_age === (config.max_age ?? 0) && info.config.num_replicas === config.num_replicas;
      if (!info || isCurrent) continue;
      const { max_age, duplicate_window, num_replicas } = config;
      await this.manager.streams.update(config.name, { max_age, duplicate_window, num_replicas });
    }
  }

  /** The envelope at a sequence; null where there is none (aged out, or a filler); `foreign` for what is no event of ours. */
  async eventAt(sequence: number): Promise<CloudEvent | 'foreign' | null> {
    const message = await this.messageAt(sequence);
    if (message === null) return null;
    try {
      return envelopeOf({ headers: message.header, data: message.data });
    } catch {
      return 'foreign';
    }
  }

  private async messageAt(sequence: number): Promise<StoredMsg | null> {
    try {
      return await this.manager.streams.getMessage(STREAM, { seq: sequence });
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === NO_MESSAGE) return null;
      throw error;
    }
  }

  /** Publishes a signed checkpoint for everybody who keeps witnesses. */
  async publishCheckpoint(note: string): Promise<void> {
    await this.client.publish(CHECKPOINT_SUBJECT, note, { timeout: PUBLISH_TIMEOUT_MS });
  }

  private async info(name: string): Promise<StreamInfo | null> {
    try {
      return await this.manager.streams.info(name);
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND) return null;
      throw error;
    }
  }
}
