import { type Database } from '#libs/database';
import { lastPosition, readRecorded } from '#libs/ledger';
import { type LogStream } from '#libs/messaging';

/** Says how stream and store differ at the stream's last sequence; null when they tell the same history. */
export async function findFork(database: Database, stream: LogStream, last: number): Promise<string | null> {
  if (last === 0) return null;
  const end = await lastPosition(database);
  if (last > end) return `the stream ends at ${last}, the store at ${end}: the database is an older copy`;
  const published = await stream.eventAt(last);
  if (published === null) return null;
  if (published === 'foreign') return `at position ${last} the stream holds a message that is no event of ours`;
  const [stored] = await readRecorded(database, last - 1, 1);
  if (stored?.id === published.id && stored.leaf === published.leaf) return null;
  return `at position ${last} the stream holds event ${published.id}, the store ${stored?.id ?? 'none'}: other histories`;
}
