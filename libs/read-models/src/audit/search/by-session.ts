import { type SearchTerms, whereAll } from './search-terms.js';

/**
 * A session has one agent, few types of events and few actors, but maybe many events: one scan for each of its types and
 * actors, no longer than the page. Reasons it has hardly any.
 */
export function bySession(terms: SearchTerms, sessionId: string): string {
  const session = `session_id = ${terms.place(sessionId)}::uuid`;
  const seen = terms.agents === null ? [] : [`agent_id = any(${terms.place(terms.agents)}::uuid[])`];
  return terms.query.text === undefined
    ? byActs(terms, session, seen)
    : byReasons(terms, session, seen, terms.query.text);
}

function byActs(terms: SearchTerms, session: string, seen: readonly string[]): string {
  const { type, actor } = terms.query;
  const asked = whereAll(
    ...(type === undefined ? [] : [`c.type = ${terms.place(type)}`]),
    ...(actor === undefined ? [] : [`c.actor = ${terms.place(actor)}`]),
  );
  const own = whereAll(session, 'type = c.type', 'actor = c.actor', ...seen, ...terms.bounds);
  return `
    with recursive act as (
      select type, actor from (
        select type, actor, agent_id from read_model.audit where ${session} order by type, actor limit 1
      ) first ${whereAll(...seen)}
      union all
      select next.type, next.actor from act cross join lateral (
        select type, actor from read_model.audit where ${session} and (type, actor) > (act.type, act.actor)
        order by type, actor limit 1
      ) next
    )
    select p.occurred_at, p.position from act c cross join lateral (
      select occurred_at, position from read_model.audit ${own} ${terms.order} ${terms.limit}
    ) p ${asked} ${terms.order} ${terms.limit}`;
}

function byReasons(terms: SearchTerms, session: string, seen: readonly string[], text: string): string {
  const { type, actor } = terms.query;
  const where = whereAll(
    session,
    'reason is not null',
    `to_tsvector('simple', reason) @@ plainto_tsquery('simple', ${terms.place(text)})`,
    ...seen,
    ...(type === undefined ? [] : [`type = ${terms.place(type)}`]),
    ...(actor === undefined ? [] : [`actor = ${terms.place(actor)}`]),
    ...terms.bounds,
  );
  return `select occurred_at, position from read_model.audit ${where} ${terms.order} ${terms.limit}`;
}
