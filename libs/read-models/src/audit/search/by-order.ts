import { type SearchTerms, whereAll } from './search-terms.js';

/** Agents and holders act for one agent each; the index of those who act for many has the agent too. */
const FOR_ONE = /^(agent|holder):/;
const IS_FOR_MANY = `actor !~ '^(agent|holder):'`;

/**
 * One scan for each agent and type, in the order of the search: no filter of agent, type, actor and time reads more than a page
 * of any, however seldom they meet. The page is made of those that begin nearest, at most one for each of its events.
 */
export function byOrder(terms: SearchTerms): string {
  const { type, actor } = terms.query;
  const own = actor === undefined ? [] : [`actor = ${terms.place(actor)}`];
  const agents = agentsOf(terms, own);
  // An agent's events have an index for any type.
  const kinds = agents !== null && type === undefined && actor === undefined ? null : kindsOf(terms, own);
  const where = whereAll(
    ...(kinds === null ? [] : ['type = k.type']),
    ...own,
    ...(agents === null ? [] : ofAgent(actor)),
    ...terms.bounds,
  );
  const scan = (limit: string) =>
    `cross join lateral (select occurred_at, position from read_model.audit ${where} ${terms.order} ${limit}) p`;
  const each = [...(kinds === null ? [] : [`(${kinds}) t`]), ...(agents === null ? [] : [`(${agents}) g`])];
  return `
    with nearest as materialized (
      select k.* from (select * from ${each.join(' cross join ')}) k ${scan('limit 1')} ${terms.order} ${terms.limit}
    )
    select p.occurred_at, p.position from nearest k ${scan(terms.limit)} ${terms.order} ${terms.limit}`;
}

/** The type that is asked for; else those that the log, or the actor, has: each by one look at an index. */
function kindsOf(terms: SearchTerms, own: readonly string[]): string {
  const { type } = terms.query;
  if (type !== undefined) return `select ${terms.place(type)}::text as type`;
  return `
    with recursive kind as (
      (select type from read_model.audit ${whereAll(...own)} order by type limit 1)
      union all
      select (select type from read_model.audit ${whereAll(...own, 'type > kind.type')} order by type limit 1)
      from kind where kind.type is not null
    )
    select type from kind where type is not null`;
}

/** The agents to look at one by one, as `agent`; null: all. */
function agentsOf(terms: SearchTerms, own: readonly string[]): string | null {
  const {
    agents,
    query: { actor },
  } = terms;
  if (agents === null) return null;
  const all = `${terms.place(agents)}::uuid[]`;
  if (actor === undefined || !FOR_ONE.test(actor)) return `select distinct agent from unnest(${all}) u (agent)`;
  return `
    select agent_id as agent from (
      select agent_id from read_model.audit ${whereAll(...own)} order by type, occurred_at, position limit 1
    ) first where agent_id = any(${all})`;
}

/** Who acts for one agent is found by its own index: by the agent's, all that others did would be looked at. */
function ofAgent(actor: string | undefined): string[] {
  if (actor === undefined) return ['agent_id = k.agent'];
  return FOR_ONE.test(actor) ? ['coalesce(agent_id = k.agent, false)'] : ['agent_id = k.agent', IS_FOR_MANY];
}
