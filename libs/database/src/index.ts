export { CLOCK_DISTRUST_MS, ClockWatch, type ClockStep } from './clock-watch.js';
export { Database, type Row } from './database.js';
export { type DatabaseOptions } from './database-options.js';
export { schemaState, type SchemaState } from './schema-state.js';
export { lead, Lease } from './leader.js';
export { LOCKS } from './locks.js';
export { isRefused } from './refused.js';
export { once, onceWithin, type RepeatableRequest } from './once.js';
export { type ClientBase, type PoolClient } from 'pg';
