import { type SearchTerms, whereAll } from './search-terms.js';

/**
 * Words, agents, types and actors are bit maps of the log, a thousand positions to a row: what all of them have is found without
 * looking at an event. Then the maps are taken in the order of the search until the page is full, and their events are read.
 */
export function byWords(terms: SearchTerms, text: string): string {
  const {
    direction,
    query: { limit },
  } = terms;
  // Positions are only nearly in the order of time, so each map has a nearer and a farther end. The page ends no farther than
  // the maps, by their farther ends, that fill it; whatever begins before that is looked at.
  const [near, far, isFilled, end] = terms.isForward
    ? ['first_at <=', 'last_at', 'min(last_at)', 'infinity']
    : ['last_at >=', 'first_at', 'max(first_at)', '-infinity'];
  const inside = terms.holds('first_at', 'last_at').join(' and ') || 'true';
  return `
    with met as materialized (
      ${mapsOf(terms, text)}
    ), walked as materialized (
      select *, sum(bit_count(events)) filter (where ${inside})
        over (order by ${far} ${direction}, stretch rows unbounded preceding) as sure
      from met ${whereAll('bit_count(events) > 0', ...terms.mayHold('first_at', 'last_at'))}
    ), edge as materialized (
      select coalesce(${isFilled} filter (where sure > ${limit}), '${end}') as at from walked
    )
    select a.occurred_at, a.position
    from edge cross join lateral (
      select stretch, events from walked where ${near} edge.at offset 0
    ) w
    cross join lateral (
      select begin from generate_series(0, 992, 32) begin where substring(w.events from begin + 1 for 32) <> 0::bit(32) offset 0
    ) part
    cross join lateral (
      select w.stretch * 1024::bigint + part.begin + bit as place from generate_series(0, 31) bit
      where get_bit(w.events, part.begin + bit) = 1 offset 0
    ) hit
    cross join lateral (
      select occurred_at, position from read_model.audit one where one.position = hit.place limit 1
    ) a ${whereAll(...terms.bounds)} ${terms.order} ${terms.limit}`;
}

/** For each stretch of the log the map of what has all that is asked. */
function mapsOf(terms: SearchTerms, text: string): string {
  const { type, actor } = terms.query;
  const agents = (terms.agents ?? []).map((agent) => `agent=${agent}`);
  const keys = [
    ...(agents.length === 1 ? agents : []),
    ...(type === undefined ? [] : [`type=${type}`]),
    ...(actor === undefined ? [] : [`actor=${actor}`]),
  ];
  const words = `tsvector_to_array(to_tsvector('simple', ${terms.place(text)}))`;
  const asked = `(${words} || ${terms.place(keys)}::text[])`;
  const all = `
      select stretch, bit_and(events) as events, max(first_at) as first_at, min(last_at) as last_at
      from read_model.audit_word where word = any(${asked}) and cardinality(${words}) > 0
      group by stretch having count(*) = cardinality(${asked})`;
  if (terms.agents === null || agents.length === 1) return all;
  return `
      select stretch, w.events & s.events as events,
        greatest(w.first_at, s.first_at) as first_at, least(w.last_at, s.last_at) as last_at
      from (${all}) w join (
        select stretch, bit_or(events) as events, min(first_at) as first_at, max(last_at) as last_at
        from read_model.audit_word where word = any(${terms.place(agents)}::text[]) group by stretch
      ) s using (stretch)`;
}
