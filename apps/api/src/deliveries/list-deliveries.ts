import { type DeliveriesQuery, type DeliveryView, type List, uuid } from '#libs/contracts';
import type { Database } from '#libs/database';
import { Deliveries } from '#libs/deliveries';
import type { Principal } from '../auth/principal.js';
import { pageOf } from '../paging/pages.js';
import { decodeCursor } from '../validation/cursor.js';

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
  return pageOf(found, { limit, edge, keyOf: ({ id }) => id });
}
