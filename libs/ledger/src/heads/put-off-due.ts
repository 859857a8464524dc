import type { Database } from '#libs/database';
import type { SessionHead } from '../types.js';

/** Lets the sweep look at these sessions later. One that has changed since it was read is left as it is. */
export async function putOffDue(database: Database, heads: readonly SessionHead[]): Promise<void> {
  await database.prepared('heads.putOffDue', 'select ledger.put_off_due($1, $2, $3)', [
    heads.map(({ sessionId }) => sessionId),
    heads.map(({ version }) => version),
    heads.map(({ dueAt }) => dueAt),
  ]);
}
