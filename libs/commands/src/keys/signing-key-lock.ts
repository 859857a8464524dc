import { type Database, LOCKS } from '#libs/database';

/** Of one process one waits with a connection; the others wait here, so that the work finds connections left. */
const turns = new WeakMap<Database, Promise<unknown>>();

/** One change of the signing keys at a time, over all instances. Opens no transaction: none may idle as long as the work takes. */
export function withSigningKeyLock<T>(database: Database, work: () => Promise<T>): Promise<T> {
  const turn = (turns.get(database) ?? Promise.resolve()).then(() => locked(database, work));
  turns.set(
    database,
    turn.catch(() => undefined),
  );
  return turn;
}

async function locked<T>(database: Database, work: () => Promise<T>): Promise<T> {
  const client = await database.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [LOCKS.signingKeys]);
    return await work();
  } finally {
    const unlocked = await client.query('select pg_advisory_unlock($1)', [LOCKS.signingKeys]).then(
      () => true,
      () => false,
    );
    // The lock ends with a connection that could not give it back.
    client.release(!unlocked);
  }
}
