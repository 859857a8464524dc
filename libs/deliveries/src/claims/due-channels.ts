import type { Database } from '#libs/database';
import { CHANNEL_COLUMNS, channelOf, type ChannelRow } from '../channels/channel-rows.js';
import type { Channel } from '../channels/channel.js';
import { BREAKER_FAILURES } from './channel-health.js';

/** A channel as its claimer sees it. */
export interface ClaimableChannel {
  channel: Channel;
  /** Milliseconds until something is due; null when nothing is queued. */
  dueInMs: number | null;
  /** Milliseconds that the oldest due delivery has waited. */
  overdueMs: number;
  /** Milliseconds for which the channel rests (429, breaker); 0 when it may send. */
  restsForMs: number;
  /** After failures in a row: one try at a time until one succeeds. */
  probing: boolean;
}

const CLAIMABLE = `select ${CHANNEL_COLUMNS},
       extract(epoch from (select min(next_attempt_at) from (
         (select next_attempt_at from deliveries.delivery d where d.channel_id = c.channel_id
            and d.next_attempt_at is not null and d.attempts = 0 order by next_attempt_at limit 1)
         union all
         (select next_attempt_at from deliveries.delivery d where d.channel_id = c.channel_id
            and d.next_attempt_at is not null and d.attempts > 0 order by next_attempt_at limit 1)) next)
         - clock_timestamp())::float8 * 1000 as due_in,
       greatest(0, extract(epoch from greatest(paused_until, open_until) - clock_timestamp()))::float8 * 1000 as rests_for
     from deliveries.channel c where enabled and deleted_at is null`;

type ClaimableRow = ChannelRow & { due_in: number | null; rests_for: number };

/** All enabled channels and when each must be looked at; one index lookup for each. */
export async function claimableChannels(database: Database): Promise<ClaimableChannel[]> {
  return (await database.prepared<ClaimableRow>('claimable channels', CLAIMABLE)).map(claimableOf);
}

/** One of them as it is now; null once it is turned off or removed. */
export async function claimableChannel(database: Database, channelId: string): Promise<ClaimableChannel | null> {
  const text = `${CLAIMABLE} and c.channel_id = $1`;
  const [row] = await database.prepared<ClaimableRow>('claimable channel', text, [channelId]);
  return row ? claimableOf(row) : null;
}

function claimableOf(row: ClaimableRow): ClaimableChannel {
  return {
    channel: channelOf(row),
    dueInMs: row.due_in === null ? null : Math.max(0, row.due_in),
    overdueMs: Math.max(0, -(row.due_in ?? 0)),
    restsForMs: row.rests_for ?? 0,
    probing: row.failures >= BREAKER_FAILURES,
  };
}

/**
 * Gives up what waits beyond its deadline on channels that cannot be claimed just now: nothing is told too late. One deadline
 * stands for all channels of an alert, and nothing in a digest has more time than its carrier: no next one's turn begins. At most
 * `limit` at a time, by index.
 */
export async function expireDeliveries(database: Database, limit: number): Promise<number> {
  const [expired] = await database.prepared<{ count: number }>(
    'expire deliveries',
    `with late as (
       select delivery_id from deliveries.delivery
       where deadline <= (select clock_timestamp()) and next_attempt_at is not null and status <> 'attempting'
       order by deadline limit $1 for update skip locked
     ), given_up as (
       update deliveries.delivery d set status = 'dead', detail = coalesce(d.detail || '; ', '') || 'the deadline has passed',
         next_attempt_at = null, finished_at = clock_timestamp()
       from late where d.delivery_id = late.delivery_id returning d.delivery_id, d.detail, d.finished_at
     ), carried as (
       update deliveries.delivery m set status = 'dead', detail = g.detail, finished_at = g.finished_at
       from given_up g where m.carrier_id = g.delivery_id and m.delivery_id <> m.carrier_id)
     select count(*)::int as count from given_up`,
    [limit],
  );
  return expired!.count;
}

/** Takes up to `want` tokens of a gate that several channels share. */
export async function takeTokens(
  database: Database,
  gate: string,
  want: number,
  { capacity, perSecond }: { capacity: number; perSecond: number },
): Promise<number> {
  const rows = await database.prepared<{ granted: number }>(
    'take tokens',
    'select deliveries.take($1, $2, $3, $4) as granted',
    [gate, want, capacity, perSecond],
  );
  return rows[0]!.granted;
}

/** Nobody passes this gate for so many seconds. */
export async function pauseGate(database: Database, gate: string, seconds: number): Promise<void> {
  await database.query(
    `insert into deliveries.gate (gate, tokens, paused_until)
     values ($1, 0, clock_timestamp() + make_interval(secs => $2))
     on conflict (gate) do update set
       paused_until = greatest(deliveries.gate.paused_until, excluded.paused_until)`,
    [gate, seconds],
  );
}
