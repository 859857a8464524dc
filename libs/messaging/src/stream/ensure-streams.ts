import {
  DiscardPolicy,
  jetstreamManager,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { CHECKPOINT_SUBJECT, LOG_SUBJECTS, STREAM } from '#libs/contracts';

/** Stream of the signed checkpoints: witnesses that outlive the window of the log's stream. */
export const CHECKPOINT_STREAM = `${STREAM}_CHECKPOINTS`;

const STREAM_NOT_FOUND = 10059;
const DUPLICATE_WINDOW_MS = 120_000;
const KEPT_CHECKPOINTS = 100_000;

export interface StreamOptions {
  replicas: number;
  /** Seconds that the stream keeps a message; PostgreSQL keeps all. */
  maxAge: number;
}

/** What the log's stream is made of. JetStream is a window: by age only, never by size, so that no event pushes another out. */
export function logStreamConfig({ replicas, maxAge }: StreamOptions): Partial<StreamConfig> & { name: string } {
  return {
    name: STREAM,
    subjects: [LOG_SUBJECTS],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    num_replicas: replicas,
    max_age: nanos(maxAge * 1000),
    max_bytes: -1,
    max_msgs: -1,
    duplicate_window: nanos(Math.min(DUPLICATE_WINDOW_MS, maxAge * 1000)),
    deny_delete: true,
    deny_purge: true,
    allow_direct: true,
  };
}

function checkpointStreamConfig({ replicas }: StreamOptions): Partial<StreamConfig> & { name: string } {
  return {
    name: CHECKPOINT_STREAM,
    subjects: [CHECKPOINT_SUBJECT],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    num_replicas: replicas,
    max_msgs: KEPT_CHECKPOINTS,
    deny_delete: true,
    deny_purge: true,
    allow_direct: true,
  };
}

/** The stream, or null when there is none. */
export async function streamInfo(manager: JetStreamManager, name: string = STREAM): Promise<StreamInfo | null> {
  try {
    return await manager.streams.info(name);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND) return null;
    throw error;
  }
}

/** Makes the streams that are missing and brings age and replicas up to the configuration. */
export async function ensureStreams(connection: NatsConnection, options: StreamOptions): Promise<void> {
  const manager = await jetstreamManager(connection);
  for (const config of [logStreamConfig(options), checkpointStreamConfig(options)]) {
    const existing = await streamInfo(manager, config.name);
    if (!existing) await manager.streams.add(config);
    else if (
      existing.config.max_age !== (config.max_age ?? 0) ||
      existing.config.num_replicas !== config.num_replicas
    ) {
      await manager.streams.update(config.name, {
        max_age: config.max_age,
        duplicate_window: config.duplicate_window,
        num_replicas: config.num_replicas,
      });
    }
  }
}
