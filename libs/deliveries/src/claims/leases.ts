import type { Database } from '#libs/database';
import type { ClaimedMessage } from './claimed-message.js';

/** Holds on to attempts under way for another `leaseSeconds`, where nobody else has taken them over. */
export async function renewLeases(
  database: Database,
  messages: readonly Pick<ClaimedMessage, 'deliveryId' | 'fence'>[],
  leaseSeconds: number,
): Promise<void> {
  await database.prepared(
    'renew leases',
    `update deliveries.delivery d set next_attempt_at = clock_timestamp() + make_interval(secs => $3)
     from unnest($1::uuid[], $2::bigint[]) as held (id, fence)
     where d.delivery_id = held.id and d.fence = held.fence and d.status = 'attempting'`,
    [messages.map(({ deliveryId }) => deliveryId), messages.map(({ fence }) => fence), leaseSeconds],
  );
}
