import { type DeliveriesQuery, type DeliveryView, type List, uuid } from '#libs/contracts';
import type { Database } from '#libs/database';
import { Deliveries } from '#libs/deliveries';
import type { Principal } from '../auth/principal.js';
import { decodeCursor, encodeCursor } from '../validation/cursor.js';

/** Deliveries that the principal may see, newest first. */
export async function listDeliveries(
  database: Database,
  { cursor, limit, ...filter }: DeliveriesQuery,
  { agents }: Principal,
): Promise<List<DeliveryView>> {
  const edge = decodeCursor(cursor, (key) => uuid.safeParse(key).success);
  const back = edge?.direction === 'prev';
  const found = await new Deliveries(database).list(
    { ...filter, agents },
    { limit: limit + 1, ...(edge && (back ? { after: edge.key } : { before: edge.key })) },
  );
  const hasMore = found.length > limit;
  const items = found.slice(0, limit);
  if (back) items.reverse();
  const [first, last] = [items.at(0)?.id, items.at(-1)?.id];
  const hasNext = back || hasMore;
  const hasPrev = back ? hasMore : edge !== null;
  return {
    items,
    nextCursor: hasNext && last ? encodeCursor({ direction: 'next', key: last }) : null,
    prevCursor: hasPrev && first ? encodeCursor({ direction: 'prev', key: first }) : null,
  };
}
