export { Database, type DatabaseOptions, type Row } from './database.js';
export { LOCKS } from './locks.js';
export { type PoolClient } from 'pg';
