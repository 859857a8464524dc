import { type SearchTerms, whereAll } from './search-terms.js';

/** The types that the log has, each by one look at the index. */
const KINDS = `
  with recursive kind as (
    (select type from read_model.audit order by type limit 1)
    union all
    select (select next.type from read_model.audit next where next.type > kind.type order by next.type limit 1)
    from kind where kind.type is not null
  )
  select type from kind where type is not null`;

/** As in the index of who acts for many agents. */
const FOR_MANY = /^(?!agent:|holder:)/;
const IS_FOR_MANY = `actor !~ '^(agent|holder):'`;
const OWN = 'agent:';

/**
 * One scan for each agent and type, in the order of the search and no longer than the page, and the first of them all: no
 * filter of agent, type, actor and time reads more than the page, however seldom they meet.
 */
export function byOrder(terms: SearchTerms): string {
  const { type, actor } = terms.query;
  const agents = agentsOf(terms);
  const kinds = type === undefined ? KINDS : `select ${terms.place(type)}::text as type`;
  const where = whereAll(
    'type = k.type',
    ...(agents === null ? [] : ['agent_id = g.agent_id']),
    ...(actor === undefined ? [] : [`actor = ${terms.place(actor)}`]),
    ...(actor !== undefined && agents !== null && FOR_MANY.test(actor) ? [IS_FOR_MANY] : []),
    ...terms.bounds,
  );
  return `
    select p.occurred_at, p.position
    from ${agents === null ? '' : `unnest(${terms.place(agents)}::uuid[]) g (agent_id) cross join `}(${kinds}) k
    cross join lateral (
      select occurred_at, position from read_model.audit ${where} ${terms.order} ${terms.limit}
    ) p ${terms.order} ${terms.limit}`;
}

/** What an agent did with its own token is of that agent alone. */
function agentsOf({ agents, query: { actor } }: SearchTerms): readonly string[] | null {
  if (agents === null || actor?.startsWith(OWN) !== true) return agents;
  return agents.filter((agent) => actor === `${OWN}${agent}`);
}
