import { type Database, lead, LOCKS } from '#libs/database';
import type { Logger } from '#libs/platform';
import { rebuild, rebuildsDue, type ReadLog } from '#libs/read-models';

/** Folds anew what has seen another history (an adopted log says so) or lacks an index (a migration does). Reads go on meanwhile. */
export async function rebuildDue(database: Database, readLog: ReadLog, logger: Logger): Promise<void> {
  if ((await rebuildsDue(database)).length === 0) return;
  const stop = new AbortController();
  await using lease = await lead(database, LOCKS.rebuild, stop.signal);
  // Somebody else may have done it while this waited.
  for (const model of await rebuildsDue(database)) {
    logger.warn(
      { model },
      `the read model ${model} is due: its indexes or its history are not the ones it should have; it is built anew`,
    );
    const position = await rebuild(model, { database, readLog, signal: lease.lost });
    logger.info({ model, position }, `the read model ${model} was built anew up to position ${position}`);
  }
}
