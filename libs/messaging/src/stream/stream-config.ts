import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { CHECKPOINT_SUBJECT, LOG_SUBJECTS, STREAM } from '#libs/contracts';

/** Stream of the signed checkpoints: witnesses that outlive the window of the log's stream. */
export const CHECKPOINT_STREAM = `${STREAM}_CHECKPOINTS`;

const DUPLICATE_WINDOW_MS = 120_000;
const KEPT_CHECKPOINTS = 100_000;

export interface StreamOptions {
  replicas: number;
  /** Seconds that the stream keeps a message; PostgreSQL keeps all. */
  maxAge: number;
}

type NamedConfig = Partial<StreamConfig> & { name: string };

/** What the log's stream is made of. JetStream is a window: by age only, never by size, so that no event pushes another out. */
export function logStreamConfig({ replicas, maxAge }: StreamOptions): NamedConfig {
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

export function checkpointStreamConfig({ replicas }: StreamOptions): NamedConfig {
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
