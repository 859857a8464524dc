import { type Database, LOCKS } from '#libs/database';

/** One change of the signing keys at a time, over all instances. Takes no transaction id: the log's horizon is not held. */
export function withSigningKeyLock<T>(database: Database, work: () => Promise<T>): Promise<T> {
  return database.transaction(async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [LOCKS.signingKeys]);
    return work();
  });
}
