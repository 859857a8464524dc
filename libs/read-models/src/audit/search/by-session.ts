import { type SearchTerms, whereAll } from './search-terms.js';

/** A session has few events: they are read in order, and what else is asked is looked at one by one. */
export function bySession(terms: SearchTerms, sessionId: string): string {
  const { type, actor, text } = terms.query;
  const where = whereAll(
    `session_id = ${terms.place(sessionId)}::uuid`,
    ...(terms.agents === null ? [] : [`agent_id = any(${terms.place(terms.agents)}::uuid[])`]),
    ...(type === undefined ? [] : [`type = ${terms.place(type)}`]),
    ...(actor === undefined ? [] : [`actor = ${terms.place(actor)}`]),
    ...(text === undefined ? [] : [`to_tsvector('simple', reason) @@ plainto_tsquery('simple', ${terms.place(text)})`]),
    ...terms.bounds,
  );
  return `select occurred_at, position from read_model.audit ${where} ${terms.order} ${terms.limit}`;
}
