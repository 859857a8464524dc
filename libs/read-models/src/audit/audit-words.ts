import type { PoolClient } from '#libs/database';
import { arrayParameter } from '../array-parameter.js';
import type { AuditRow } from './audit-row.js';

/** The rows of `audit_word` for the events of `source`, a table or a list of rows. */
export function wordRowsOf(source: string): string {
  return `
    select word, (position / 1024)::int, min(occurred_at), max(occurred_at),
      bit_or(set_bit(0::bit(1024), (position % 1024)::int, 1))
    from ${source}, unnest(read_model.audit_words(reason, agent_id, type, actor)) word
    where reason is not null group by 1, 2 order by 1, 2`;
}

/** Enters the words of the reasons into the bit maps of `table`. */
export async function addWords(client: PoolClient, table: string, rows: readonly AuditRow[]): Promise<void> {
  const reasoned = rows.filter(({ reason }) => reason !== null);
  if (reasoned.length === 0) return;
  await client.query({
    name: `audit.words.${table}`,
    text: `
      insert into ${table} as known (word, stretch, first_at, last_at, events)
      ${wordRowsOf(`unnest($1::bigint[], $2::timestamptz[], $3::uuid[], $4::text[], $5::text[], $6::text[])
        added (position, occurred_at, agent_id, type, actor, reason)`)}
      on conflict (word, stretch) do update set
        first_at = least(known.first_at, excluded.first_at), last_at = greatest(known.last_at, excluded.last_at),
        events = known.events | excluded.events`,
    values: [
      reasoned.map(({ position }) => position),
      reasoned.map(({ occurredAt }) => occurredAt),
      reasoned.map(({ agentId }) => agentId),
      reasoned.map(({ type }) => type),
      reasoned.map(({ actor }) => actor),
      reasoned.map(({ reason }) => reason),
    ].map(arrayParameter),
  });
}
