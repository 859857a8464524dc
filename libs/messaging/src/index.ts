export { connectNats, type NatsOptions } from './connect-nats.js';
export { CHECKPOINT_STREAM, ensureStreams, logStreamConfig, type StreamOptions } from './stream/ensure-streams.js';
export { envelopeOf, logMessageOf, type LogMessage } from './stream/log-message.js';
export {
  LogConsumer,
  type LogConsumerOptions,
  type LogHandler,
  type ParkedAt,
  type ReadLog,
} from './consumer/log-consumer.js';
export {
  JetStreamStrategy,
  LOG_BATCH,
  type JetStreamStrategyOptions,
  type Leadership,
} from './nest/jetstream-strategy.js';
export { ErrorsReachTheTransport } from './nest/errors-reach-the-transport.js';
