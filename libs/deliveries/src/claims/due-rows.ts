import type { Database, PoolClient } from '#libs/database';
import { levelName } from '../alert-levels.js';
import type { Stage } from '../notifications/record-notification.js';
import type { Member } from './claimed-message.js';
import type { DueAlert, SessionNow, SilenceNow } from './decide-at-send.js';

/** A delivery whose time has come, locked by this transaction, or one that such a one carries. */
export interface DueRow {
  delivery_id: string;
  notification_id: string;
  channel_id: string;
  status: string;
  attempts: number;
  unknowns: number;
  carrier_id: string | null;
  content: unknown;
  deadline: number;
  /** Database time, epoch milliseconds. */
  now: number;
  event_id: string;
  stage: Stage;
  event_type: string;
  level: number;
  agent_id: string | null;
  session_id: string | null;
  alert_generation: number | null;
  envelope: string;
  session: SessionNow | null;
}

export interface DueQuery {
  channelId: string;
  /** The channel as its claimer knows it: nothing is due for an outdated one, nor for one that was turned off. */
  version: number;
  /** How many first attempts and how many later ones at most. */
  first: number;
  again: number;
  /** What the asking process has under way itself: however slow it is, nobody but others may take it for lost. */
  underWay: readonly string[];
  /** Only messages of the notifier's own (a stopped channel is still probed). */
  onlyProbes: boolean;
}

const PROBE = `and exists (select from deliveries.notification p
  where p.notification_id = d.notification_id and p.stage in ('test', 'canary'))`;

/**
 * Locks what is due, in index order, passing over what another claimer holds. Channel and deliveries are read by one snapshot:
 * what was queued after a change of the channel is never seen together with the channel before it. The time is a subselect,
 * read once: a volatile function is no bound for an index, and all that is not due yet would be read. Alert and session of each
 * are looked up by themselves: a plan for any limit expects so many that it would read those tables whole.
 */
export function dueStatement(onlyProbes: boolean): string {
  const probe = onlyProbes ? PROBE : '';
  return `with ready as materialized (
       select from deliveries.channel where channel_id = $1 and version = $4 and enabled and deleted_at is null
         and coalesce(greatest(paused_until, open_until) <= clock_timestamp(), true)
     ), first as materialized (
       select d.* from deliveries.delivery d
       where exists (select from ready) and d.channel_id = $1 and d.next_attempt_at <= (select clock_timestamp()) and d.attempts = 0 ${probe}
       order by d.next_attempt_at limit $2 for update skip locked
     ), again as materialized (
       select d.* from deliveries.delivery d
       where exists (select from ready) and d.channel_id = $1 and d.next_attempt_at <= (select clock_timestamp()) and d.attempts > 0
         and d.delivery_id <> all($5::uuid[]) ${probe}
       order by d.next_attempt_at limit $3 for update skip locked
     ), due as (select * from first union all select * from again)
     select ${DUE_ROW}
     from due d
     cross join lateral (select * from deliveries.notification where notification_id = d.notification_id offset 0) n
     left join lateral (select * from ledger.session_head where session_id = n.session_id offset 0) h on true
     order by d.next_attempt_at`;
}

export async function lockDue(
  client: PoolClient,
  { channelId, version, first, again, underWay, onlyProbes }: DueQuery,
): Promise<DueRow[]> {
  const { rows } = await client.query<DueRow>({
    name: onlyProbes ? 'lock due probes' : 'lock due',
    text: dueStatement(onlyProbes),
    values: [channelId, first, again, version, underWay],
  });
  return rows;
}

/** Whether a stopped channel has a message of its own to be tried with. Reads only: what waits for it may wait for days. */
export async function isProbeDue(database: Database, channelId: string): Promise<boolean> {
  const rows = await database.prepared(
    'probe due',
    `select from deliveries.delivery d
     where d.channel_id = $1 and d.next_attempt_at <= (select clock_timestamp()) ${PROBE} limit 1`,
    [channelId],
  );
  return rows.length > 0;
}

/** Whether the channel was changed, turned off or removed since its claimer looked at it. */
export async function isOutdated(client: PoolClient, channelId: string, version: number): Promise<boolean> {
  const { rows } = await client.query({
    name: 'channel outdated',
    text: 'select from deliveries.channel where channel_id = $1 and version = $2 and enabled and deleted_at is null',
    values: [channelId, version],
  });
  return rows.length === 0;
}

/** The session of head `h` as the decision reads it. */
export const SESSION_NOW = `case when h.session_id is null then null else json_build_object(
  'status', h.status, 'generation', h.generation, 'createdAt', h.created_at, 'issuedAt', h.issued_at,
  'expiresAt', h.expires_at, 'expiresIn', h.expires_in, 'absoluteExpiresAt', h.absolute_expires_at,
  'maxRenewals', h.max_renewals, 'renewalCount', h.renewal_count,
  'hasHolder', exists (select from ledger.holder_head o where o.session_id = h.session_id and o.removed_at is null)) end`;

const DUE_ROW = `d.delivery_id, d.notification_id, d.channel_id, d.status, d.attempts, d.unknowns, d.carrier_id, d.content,
  extract(epoch from d.deadline)::float8 * 1000 as deadline, extract(epoch from clock_timestamp())::float8 * 1000 as now,
  n.event_id, n.stage, n.event_type, n.level, n.agent_id, n.session_id, n.generation as alert_generation, n.envelope,
  ${SESSION_NOW} as session`;

/** What a digest carries besides its own alert, as it was fixed at its first attempt. */
export async function carriedBy(client: PoolClient, carrierIds: string[]): Promise<Map<string, DueRow[]>> {
  if (carrierIds.length === 0) return new Map();
  const { rows } = await client.query<DueRow & { carrier_id: string }>(
    `select ${DUE_ROW}
     from deliveries.delivery d join deliveries.notification n using (notification_id)
     left join ledger.session_head h on h.session_id = n.session_id
     where d.carrier_id = any($1) and d.delivery_id <> d.carrier_id order by d.delivery_id`,
    [carrierIds],
  );
  const carried = new Map<string, DueRow[]>(carrierIds.map((id) => [id, []]));
  for (const row of rows) carried.get(row.carrier_id)!.push(row);
  return carried;
}

export async function activeSilences(client: PoolClient): Promise<SilenceNow[]> {
  const { rows } = await client.query<SilenceNow>({
    name: 'active silences',
    text: `select agent_id as "agentId", session_id as "sessionId", mode, extract(epoch from ends_at)::float8 * 1000 as "endsAt"
      from deliveries.silence where ends_at > clock_timestamp() order by ends_at desc`,
  });
  return rows;
}

export function memberOf(row: DueRow): Member {
  return {
    deliveryId: row.delivery_id,
    notificationId: row.notification_id,
    eventId: row.event_id,
    stage: row.stage,
    eventType: row.event_type,
    level: levelName(row.level),
    sessionId: row.session_id,
    agentId: row.agent_id,
    envelope: row.envelope,
  };
}

export function dueAlertOf(row: DueRow): DueAlert {
  return {
    stage: row.stage,
    eventType: row.event_type,
    level: levelName(row.level),
    agentId: row.agent_id,
    sessionId: row.session_id,
    generation: row.alert_generation,
    causes: row.event_type === 'SessionExpiringSoon' ? causesOf(row.envelope) : [],
    deadline: row.deadline,
  };
}

function causesOf(envelope: string): string[] {
  return (JSON.parse(envelope) as { data: { causes?: string[] } }).data.causes ?? [];
}
