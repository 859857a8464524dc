import type { Database } from '#libs/database';
import { lastPosition, readRecorded } from '#libs/ledger';
import type { LogStream } from '#libs/messaging';

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

/** The last position at which stream and store hold the same event. What has aged out of the stream was the same. */
export async function lastShared(database: Database, stream: LogStream): Promise<number> {
  let low = 0;
  let high = Math.min((await stream.position())?.last ?? 0, await lastPosition(database));
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (await isShared(database, stream, middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

async function isShared(database: Database, stream: LogStream, position: number): Promise<boolean> {
  const published = await stream.eventAt(position);
  if (published === null) return true;
  if (published === 'foreign') return false;
  const [stored] = await readRecorded(database, position - 1, 1);
  return stored?.id === published.id && stored.leaf === published.leaf;
}
