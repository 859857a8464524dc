export { connectNats, type NatsOptions } from './connect-nats.js';
export { DesktopAccess, type DesktopAccessOptions } from './desktop-access.js';
export { CHECKPOINT_STREAM, type StreamOptions } from './stream/stream-config.js';
export { LogStream, type StreamPosition } from './stream/log-stream.js';
export { LogPublisher } from './stream/log-publisher.js';
export { envelopeOf, logMessageOf, type LogMessage } from './stream/log-message.js';
export {
  LogConsumer,
  type LogConsumerOptions,
  type LogHandler,
  type ParkedAt,
  type ReadLog,
} from './consumer/log-consumer.js';
export { readAhead } from './consumer/read-ahead.js';
export {
  JetStreamStrategy,
  LOG_BATCH,
  type JetStreamStrategyOptions,
  type Leadership,
} from './nest/jetstream-strategy.js';
export { ErrorsReachTheTransport } from './nest/errors-reach-the-transport.js';
export { pause } from './pause.js';
export { Wake } from './wake.js';
export { appendHint } from './append-hint.js';
