export { EmbeddedNats, type EmbeddedNatsOptions, type NatsUser } from './nats/embedded-nats.js';
export { findNatsServer } from './nats/nats-binary.js';
export { EmbeddedPostgres, type EmbeddedPostgresOptions } from './postgres/embedded-postgres.js';
export { freePort } from './free-port.js';
export { InstanceLock } from './instance-lock.js';
export { identify, type ProcessIdentity } from './process-identity.js';
export { secretFile } from './secret-file.js';
export { stopServersIn } from './servers-in.js';
export { Supervised } from './supervised.js';
