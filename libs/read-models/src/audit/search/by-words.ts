import { type SearchTerms, whereAll } from './search-terms.js';

/** Events with a reason that are looked at one by one, before the words' index is asked for all that lies beyond them. */
const NEAR = 1_000;
const WORDS = 'read_model.audit_words(reason, agent_id, type, actor)';

/**
 * Common words stand near the edge and are found by reading on from there; if that does not fill the page they are rare
 * enough to be taken from the words' index all at once.
 */
export function byWords(terms: SearchTerms, text: string): string {
  const { type, actor } = terms.query;
  const words = terms.place(text);
  const filters = [
    ...(terms.agents === null ? [] : [`agent_id = any(${terms.place(terms.agents)}::uuid[])`]),
    ...(type === undefined ? [] : [`type = ${terms.place(type)}`]),
    ...(actor === undefined ? [] : [`actor = ${terms.place(actor)}`]),
  ];
  const asked = `tsvector_to_array(to_tsvector('simple', ${words}))`;
  const keys = [...(type === undefined ? [] : [`type=${type}`]), ...(actor === undefined ? [] : [`actor=${actor}`])];
  const far = whereAll(
    'reason is not null',
    `${WORDS} @> (${asked} || ${terms.place(keys)}::text[])`,
    ...(terms.agents === null ? [] : [`${WORDS} && ${terms.place(terms.agents.map((id) => `agent=${id}`))}::text[]`]),
    ...filters,
    ...terms.bounds,
    'exists (select from edge)',
    terms.beyond('(select e.occurred_at, e.position from edge e)'),
    `(select count(*) from near) <= ${terms.query.limit}`,
    `cardinality(${asked}) > 0`,
  );
  return `
    with read as materialized (
      select * from read_model.audit ${whereAll('reason is not null', ...terms.bounds)} ${terms.order} limit ${NEAR}
    ), near as materialized (
      select occurred_at, position from read
      ${whereAll(`to_tsvector('simple', reason) @@ plainto_tsquery('simple', ${words})`, ...filters)}
      ${terms.order} ${terms.limit}
    ), edge as materialized (
      select occurred_at, position from read ${terms.order} offset ${NEAR - 1} limit 1
    )
    select * from (
      select * from near
      union all
      -- The offset keeps the order out of it: the planner would rather look at every reason in turn.
      select * from (select occurred_at, position from read_model.audit ${far} offset 0) far
    ) found ${terms.order} ${terms.limit}`;
}
