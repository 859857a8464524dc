import type { AuditQuery, CloudEvent } from '#libs/contracts';
import type { Database } from '#libs/database';
import { encodeCursor } from './audit-cursor.js';
import { queryAudit, type AuditScope } from './audit-query.js';

const BATCH = 500;
const BEGINNING = encodeCursor({ direction: 'newer', time: '1970-01-01T00:00:00.000000Z', position: 1 });

/** All events of a search that the read model has now, oldest first, batch by batch: memory does not grow with their number. */
export async function* exportAudit(
  database: Database,
  filter: Omit<AuditQuery, 'cursor' | 'limit'>,
  scope: AuditScope,
): AsyncGenerator<CloudEvent[]> {
  const [row] = await database.query<{ last: number | null }>('select max(position) as last from read_model.audit');
  const last = row?.last ?? 0;
  let cursor: string | null = BEGINNING;
  while (cursor !== null) {
    const page = await queryAudit(database, { ...filter, cursor, limit: BATCH }, scope);
    // What is appended while the export runs belongs to the next one: else a busy log would never let it end.
    const batch = page.items.filter(({ position }) => position <= last).reverse();
    if (batch.length > 0) yield batch;
    cursor = batch.length > 0 ? page.prevCursor : null;
  }
}
