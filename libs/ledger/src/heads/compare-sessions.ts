import { sessionStream } from '#libs/contracts';
import type { Database } from '#libs/database';
import { evolve, isSessionEvent, type SessionState } from '#libs/session';
import type { SessionHead, StoredEvent } from '../types.js';
import { differingFields, type HeadDifference, type WholeFinding } from './head-difference.js';
import { type RowOf, sessionRows } from './head-rows.js';
import { storedStreams } from './stored-streams.js';

const AFTER = 'select * from ledger.session_head where session_id > $1 order by session_id limit $2';
/** Ids are UUID v7: a random moment between the oldest and the newest begins the sample. */
const SAMPLE = `
  select h.* from ledger.session_head h
  where h.created_at >= (
    select min(created_at) + floor(random() * (max(created_at) - min(created_at) + 1))::bigint from ledger.session_head
  )
  order by h.created_at, h.session_id limit $1`;

export async function sessionHeadsAfter(database: Database, after: string, limit: number): Promise<SessionHead[]> {
  return (await database.query<RowOf<SessionHead>>(AFTER, [after, limit])).map(sessionRows.fromRow);
}

export async function someSessionHeads(database: Database, count: number): Promise<SessionHead[]> {
  return (await database.query<RowOf<SessionHead>>(SAMPLE, [count])).map(sessionRows.fromRow);
}

/** Folds the sessions' streams and names every head that differs. */
export async function compareSessions(database: Database, heads: readonly SessionHead[]): Promise<HeadDifference[]> {
  const streams = await storedStreams(
    database,
    heads.map(({ sessionId }) => sessionStream(sessionId)),
  );
  return heads.flatMap(({ dueAt: _schedule, ...head }) => {
    const folded = fold(streams.get(sessionStream(head.sessionId)), head.version);
    const fields = differingFields(head, folded);
    return fields.length > 0 ? [{ kind: 'session' as const, id: head.sessionId, fields }] : [];
  });
}

/** The session as its events tell it, up to the head's version: an append may have come between the two reads. */
function fold(events: StoredEvent[] | null | undefined, version: number): SessionState | WholeFinding {
  if (events === null) return 'unreadable';
  let state: SessionState | null = null;
  try {
    for (const { type, data } of events ?? []) {
      const event = { type, data };
      if (isSessionEvent(event)) state = evolve(state, event);
      if (state?.version === version) break;
    }
  } catch {
    return 'unreadable';
  }
  return state ?? 'unknown';
}
