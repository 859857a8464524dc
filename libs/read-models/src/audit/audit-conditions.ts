import type { AuditQuery } from '#libs/contracts';
import type { AuditCursor } from './audit-cursor.js';

type Filter = Pick<AuditQuery, 'agentId' | 'sessionId' | 'type' | 'actor' | 'from' | 'to' | 'text'> & {
  /** null: all. */
  agents?: readonly string[] | null;
};

/** `where` of an audit search and its values. */
export function conditions(filter: Filter, cursor: AuditCursor | null): { where: string; values: unknown[] } {
  const values: unknown[] = [];
  const parts: string[] = [];
  const add = (part: (place: string) => string, value: unknown) => {
    if (value === undefined) return;
    values.push(value);
    parts.push(part(`$${values.length}`));
  };
  add((place) => `agent_id = ${place}`, filter.agentId);
  add((place) => `agent_id = any(${place}::uuid[])`, filter.agents ?? undefined);
  add((place) => `session_id = ${place}`, filter.sessionId);
  add((place) => `type = ${place}`, filter.type);
  add((place) => `actor = ${place}`, filter.actor);
  add((place) => `occurred_at >= ${place}`, filter.from);
  add((place) => `occurred_at < ${place}`, filter.to);
  add(
    (place) => `reason is not null and to_tsvector('simple', reason) @@ plainto_tsquery('simple', ${place})`,
    filter.text,
  );
  if (cursor) {
    values.push(cursor.time, cursor.position);
    const [time, position] = [`$${values.length - 1}::timestamptz`, `$${values.length}::bigint`];
    parts.push(`(occurred_at, position) ${cursor.direction === 'older' ? '<' : '>'} (${time}, ${position})`);
  }
  return { where: parts.length > 0 ? `where ${parts.join(' and ')}` : '', values };
}
