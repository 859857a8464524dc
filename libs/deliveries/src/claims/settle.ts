import type { DeliveryStatus } from '#libs/contracts';
import type { PoolClient } from '#libs/database';
import type { Postponement } from './decide-at-send.js';

/** A delivery's next state, decided without an attempt or by its outcome. */
export interface Settlement {
  deliveryId: string;
  status: DeliveryStatus;
  detail: string | null;
  /** Epoch milliseconds of the next look; null ends it. */
  nextAttemptAt: number | null;
  supersededBy?: string | null;
  remoteRef?: string | null;
  postponedBy?: Postponement;
}

/** Writes states; with `fences` only where that claim still holds. Returns the notifications of what was written, by delivery. */
export async function settle(
  client: PoolClient,
  settlements: readonly Settlement[],
  fences?: readonly number[],
): Promise<Map<string, string>> {
  if (settlements.length === 0) return new Map();
  const { rows } = await client.query<{ delivery_id: string; notification_id: string }>({
    name: 'settle',
    text: `update deliveries.delivery d set
       status = s.status, detail = s.detail, next_attempt_at = to_timestamp(s.next_at / 1000.0),
       superseded_by = s.superseded_by, remote_ref = coalesce(s.remote_ref, d.remote_ref),
       postponed_by = s.postponed_by, unknowns = d.unknowns + (s.status = 'unknown')::int,
       finished_at = case when s.next_at is null then clock_timestamp() end
     from unnest($1::uuid[], $2::text[], $3::text[], $4::float8[], $5::uuid[], $6::text[], $7::bigint[], $8::text[])
       as s (id, status, detail, next_at, superseded_by, remote_ref, fence, postponed_by)
     where d.delivery_id = s.id and (s.fence is null or (d.fence = s.fence and d.status = 'attempting'))
     returning d.delivery_id, d.notification_id`,
    values: [
      settlements.map((s) => s.deliveryId),
      settlements.map((s) => s.status),
      settlements.map((s) => s.detail),
      settlements.map((s) => s.nextAttemptAt),
      settlements.map((s) => s.supersededBy ?? null),
      settlements.map((s) => s.remoteRef ?? null),
      settlements.map((_, index) => fences?.[index] ?? null),
      settlements.map((s) => s.postponedBy ?? null),
    ],
  });
  return new Map(rows.map((row) => [row.delivery_id, row.notification_id]));
}

/** Gives the members of digests the state of their carrier. Returns their notifications. */
export async function settleMembers(client: PoolClient, carrierIds: readonly string[]): Promise<string[]> {
  if (carrierIds.length === 0) return [];
  const { rows } = await client.query<{ notification_id: string }>(
    `update deliveries.delivery d set status = c.status, detail = c.detail, remote_ref = c.remote_ref,
       finished_at = c.finished_at, superseded_by = c.superseded_by
     from deliveries.delivery c
     where d.carrier_id = any($1) and d.delivery_id <> d.carrier_id and c.delivery_id = d.carrier_id
     returning d.notification_id`,
    [carrierIds],
  );
  return rows.map((row) => row.notification_id);
}

/**
 * Somebody was told: the others whose turn it might have become stay silent. A digest goes all the same while it carries anything
 * that nobody was told of, or that goes to every channel. Counted, where `not exists` would do: PostgreSQL could take that for a
 * hash of all that was ever delivered.
 */
export async function endTurns(client: PoolClient, notificationIds: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ carrier_id: string | null }>({
    name: 'end turns',
    text: `with waiting as (
       select distinct coalesce(carrier_id, delivery_id) as id from deliveries.delivery
       where notification_id = any($1) and rank is not null and finished_at is null)
     update deliveries.delivery d set status = 'suppressed', detail = 'told by another channel', next_attempt_at = null,
       finished_at = clock_timestamp()
     from waiting where d.delivery_id = waiting.id and d.next_attempt_at is not null and d.status <> 'attempting'
       and (d.carrier_id is null or not exists (
         select from deliveries.delivery m where m.carrier_id = d.carrier_id and (m.rank is null or 0 = (
           select count(*) filter (where o.status = 'delivered')
           from deliveries.delivery o where o.notification_id = m.notification_id))))
     returning d.carrier_id`,
    values: [notificationIds],
  });
  await settleMembers(
    client,
    rows.flatMap(({ carrier_id }) => carrier_id ?? []),
  );
}

/** Nobody was told yet and one gave up: the next one's turn begins now. Returns its channels. */
export async function startNextTurn(client: PoolClient, notificationIds: readonly string[]): Promise<string[]> {
  if (notificationIds.length === 0) return [];
  const { rows } = await client.query<{ channel_id: string }>(
    `update deliveries.delivery d set next_attempt_at = clock_timestamp()
     where d.notification_id = any($1) and d.status = 'pending' and d.next_attempt_at > clock_timestamp()
       and d.rank = (select min(w.rank) from deliveries.delivery w
         where w.notification_id = d.notification_id and w.status = 'pending')
     returning d.channel_id`,
    [notificationIds],
  );
  return rows.map((row) => row.channel_id);
}

/**
 * The owner wants no word of what these would have told: nor by a channel whose turn is still to come, when the silence may be
 * over. What another claimer holds at this moment it decides by the same silence.
 */
export async function dropTurns(client: PoolClient, deliveryIds: readonly string[]): Promise<void> {
  if (deliveryIds.length === 0) return;
  await client.query({
    name: 'drop turns',
    text: `with waiting as (
       select d.delivery_id, silenced.detail from deliveries.delivery silenced
       join deliveries.delivery d using (notification_id)
       where silenced.delivery_id = any($1) and silenced.rank is not null and d.rank is not null and d.status = 'pending'
       for update of d skip locked)
     update deliveries.delivery d set status = 'suppressed', detail = waiting.detail, next_attempt_at = null,
       postponed_by = null, finished_at = clock_timestamp()
     from waiting where d.delivery_id = waiting.delivery_id`,
    values: [deliveryIds],
  });
}
