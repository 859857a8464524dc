import { LOG } from '#libs/contracts';
import type { Database } from '#libs/database';

/** Whether stream and store tell the same history. */
export interface RelayState {
  /** What differs; null while all is well. */
  forked: string | null;
  /** The owner has said that the store is right. */
  adoptRequested: boolean;
}

export async function relayState(database: Database): Promise<RelayState> {
  const text = 'select forked, adopt_requested as "adoptRequested" from ledger.relay where log = $1';
  const [row] = await database.query<RelayState & Record<string, unknown>>(text, [LOG]);
  return row ?? { forked: null, adoptRequested: false };
}

/** The relay stops and says why. An answer that was given to an earlier fork does not count for this one. */
export async function recordFork(database: Database, forked: string): Promise<void> {
  await database.query(
    `update ledger.relay set forked = $2, adopt_requested = adopt_requested and forked is not null where log = $1`,
    [LOG, forked],
  );
}

/** The owner declares the store's history the right one: the relay rebuilds the stream from it. False when nothing has forked. */
export async function requestAdopt(database: Database): Promise<boolean> {
  const text = 'update ledger.relay set adopt_requested = true where log = $1 and forked is not null returning log';
  return (await database.query(text, [LOG])).length > 0;
}

/**
 * Tells every reader of the log that the stream held another history after `shared`: read models are folded anew, and
 * who remembers a later position goes back to it.
 */
export async function recallReaders(database: Database, shared: number): Promise<void> {
  await database.query('select read_model.adopt_log($1)', [shared]);
}

export async function recordAdopted(database: Database): Promise<void> {
  await database.query('update ledger.relay set forked = null, adopt_requested = false where log = $1', [LOG]);
}
