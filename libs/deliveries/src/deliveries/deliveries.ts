import { LedgerError, type DeliveryStatus, type DeliveryView } from '#libs/contracts';
import { once, type Database, type PoolClient, type RepeatableRequest } from '#libs/database';

export interface DeliveriesFilter {
  channelId?: string | undefined;
  eventId?: string | undefined;
  sessionId?: string | undefined;
  agentId?: string | undefined;
  /** Only of these agents; null = of all, and of none. */
  agents?: readonly string[] | null;
  status?: DeliveryStatus | undefined;
}

export interface PageRequest {
  limit: number;
  /** Ids are in order of making: older than this one, or newer. */
  before?: string | undefined;
  after?: string | undefined;
}

interface DeliveryRow {
  delivery_id: string;
  notification_id: string;
  event_id: string;
  channel_id: string;
  status: DeliveryStatus;
  detail: string | null;
  next_attempt_at: Date | null;
  deadline: Date;
  created_at: Date;
  attempts: {
    number: number;
    startedAt: string;
    endedAt: string | null;
    outcome: DeliveryView['attempts'][number]['outcome'];
    detail: string | null;
  }[];
}

/** An attempt under way is due at the end of its lease: no time that means anything to a reader. */
const VIEW = `d.delivery_id, d.notification_id, n.event_id, d.channel_id, d.status, d.detail,
  case when d.status <> 'attempting' then d.next_attempt_at end as next_attempt_at, d.deadline, d.created_at,
  coalesce((select json_agg(json_build_object('number', a.number, 'startedAt', a.started_at, 'endedAt', a.ended_at,
      'outcome', a.outcome, 'detail', a.detail) order by a.number)
    from deliveries.attempt a where a.delivery_id = coalesce(d.carrier_id, d.delivery_id)), '[]') as attempts`;

/** What was told, what waits and what failed. */
export class Deliveries {
  constructor(private readonly database: Database) {}

  /** Newest first, or, with `after`, oldest first. */
  async list(filter: DeliveriesFilter, { limit, before, after }: PageRequest): Promise<DeliveryView[]> {
    const rows = await this.database.query<DeliveryRow>(
      `select ${VIEW} from deliveries.delivery d join deliveries.notification n using (notification_id)
       where ($1::uuid is null or d.channel_id = $1) and ($2::uuid is null or n.session_id = $2)
         and ($3::text is null or d.status = $3)
         and ($4::uuid is null or d.delivery_id < $4) and ($5::uuid is null or d.delivery_id > $5)
         and ($7::uuid is null or n.event_id = $7) and ($8::uuid is null or n.agent_id = $8)
         and ($9::uuid[] is null or n.agent_id = any($9))
       order by d.delivery_id ${after === undefined ? 'desc' : 'asc'} limit $6`,
      [
        filter.channelId ?? null,
        filter.sessionId ?? null,
        filter.status ?? null,
        before ?? null,
        after ?? null,
        limit,
        filter.eventId ?? null,
        filter.agentId ?? null,
        filter.agents ?? null,
      ],
    );
    return rows.map(viewOf);
  }

  /** Only of `agents`, if given. Throws `NOT_FOUND`. */
  async get(id: string, agents: readonly string[] | null = null): Promise<DeliveryView> {
    const rows = await this.database.query<DeliveryRow>(
      `select ${VIEW} from deliveries.delivery d join deliveries.notification n using (notification_id)
       where d.delivery_id = $1 and ($2::uuid[] is null or n.agent_id = any($2))`,
      [id, agents],
    );
    if (!rows[0]) throw new LedgerError('NOT_FOUND', { detail: `There is no delivery ${id}.` });
    return viewOf(rows[0]);
  }

  /**
   * Sends again what ended without success, with the same ids. It is decided again like any other, and gets at least an hour.
   * One that is still on its way, alone or in a digest, is only hurried. Throws `NOT_FOUND`, `IDEMPOTENCY_KEY_REUSED`, and `BAD_REQUEST` for one
   * that was delivered, or whose channel is off: nobody would send it. A request that comes again is told how far it has come.
   */
  async redeliver(id: string, request?: RepeatableRequest): Promise<DeliveryView> {
    const { outcome } = await once(this.database, request, async (client) => {
      await assertSomebodySends(client, id);
      const { rowCount } = await client.query(
        `with wanted as (
           select coalesce(c.delivery_id, d.delivery_id) as id
           from deliveries.delivery d left join deliveries.delivery c
             on c.delivery_id = d.carrier_id and c.delivery_id <> d.delivery_id and c.next_attempt_at is not null
           where d.delivery_id = $1),
         carried as (
           update deliveries.delivery d set deadline = greatest(deadline, clock_timestamp() + interval '1 hour')
           from wanted where d.delivery_id = $1 and d.delivery_id <> wanted.id and d.status not in ('delivered', 'attempting'))
         update deliveries.delivery d set next_attempt_at = clock_timestamp(), finished_at = null,
           status = case when attempts = 0 then 'pending' else 'retry' end, detail = 'redelivery was asked for', unknowns = 0,
           carrier_id = case when carrier_id = delivery_id then carrier_id end,
           deadline = greatest(deadline, clock_timestamp() + interval '1 hour')
         from wanted where d.delivery_id = wanted.id and d.status not in ('delivered', 'attempting') returning d.delivery_id`,
        [id],
      );
      return { isDue: rowCount === 1 };
    });
    const view = await this.get(id);
    if (!outcome.isDue && view.status === 'delivered') {
      throw new LedgerError('BAD_REQUEST', { detail: 'This delivery has arrived; there is nothing to send again.' });
    }
    return view;
  }
}

/** Holds the channel as it is: whoever turns it off at this moment drops this delivery too, or has done so before. */
async function assertSomebodySends(client: PoolClient, deliveryId: string): Promise<void> {
  const { rows } = await client.query<{ id: string; name: string; enabled: boolean; deleted: boolean }>(
    `select c.channel_id as id, c.name, c.enabled, c.deleted_at is not null as deleted
     from deliveries.channel c join deliveries.delivery d using (channel_id)
     where d.delivery_id = $1 and d.status not in ('delivered', 'attempting') for share of c`,
    [deliveryId],
  );
  const [channel] = rows;
  if (channel === undefined || (channel.enabled && !channel.deleted)) return;
  const { id, name, deleted } = channel;
  throw new LedgerError('BAD_REQUEST', {
    detail: deleted
      ? `Channel "${name}" was deleted: its deliveries cannot be sent again. Add a channel for what comes next: \`sledger channel add\`.`
      : `Channel "${name}" is off. Turn it on, then ask again: \`sledger channel change "${name}" --on\`, or PATCH /v1/channels/${id} with {"enabled": true}.`,
  });
}

function viewOf(row: DeliveryRow): DeliveryView {
  return {
    id: row.delivery_id,
    notificationId: row.notification_id,
    eventId: row.event_id,
    channelId: row.channel_id,
    status: row.status,
    detail: row.detail,
    attempts: row.attempts.map((attempt) => ({
      ...attempt,
      startedAt: new Date(attempt.startedAt).toISOString(),
      endedAt: attempt.endedAt === null ? null : new Date(attempt.endedAt).toISOString(),
    })),
    nextAttemptAt: row.next_attempt_at?.toISOString() ?? null,
    deadline: row.deadline.toISOString(),
    createdAt: row.created_at.toISOString(),
  };
}
