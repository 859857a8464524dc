import { sessionStream } from '#libs/contracts';
import type { Database } from '#libs/database';
import { evolve, isSessionEvent, type SessionState } from '#libs/session';
import type { SessionHead, StoredEvent } from '../types.js';
import { differingFields, type HeadDifference, type WholeFinding } from './head-difference.js';
import { type RowOf, sessionRows } from './head-rows.js';
import { eventVersionOf, storedStreams } from './stored-streams.js';

/** A session's head, and the version that its events had come to at that moment. */
export interface SessionAtVersion {
  head: SessionHead;
  version: number;
}

const HEADS = `select h.*, ${eventVersionOf("'session:' || h.session_id")} as event_version from ledger.session_head h`;
const AFTER = `${HEADS} where h.session_id > $1 order by h.session_id limit $2`;
/** Ids are UUID v7: a random moment between the oldest and the newest begins the sample. */
const SAMPLE = `
  ${HEADS}
  where h.created_at >= (
    select min(created_at) + floor(random() * (max(created_at) - min(created_at) + 1))::bigint from ledger.session_head
  )
  order by h.created_at, h.session_id limit $1`;

type Row = RowOf<SessionHead> & { event_version: number };

export async function sessionHeadsAfter(database: Database, after: string, limit: number): Promise<SessionAtVersion[]> {
  return (await database.query<Row>(AFTER, [after, limit])).map(atVersion);
}

export async function someSessionHeads(database: Database, count: number): Promise<SessionAtVersion[]> {
  return (await database.query<Row>(SAMPLE, [count])).map(atVersion);
}

function atVersion(row: Row): SessionAtVersion {
  return { head: sessionRows.fromRow(row), version: row.event_version };
}

/** Folds the sessions' streams and names every head that differs. */
export async function compareSessions(
  database: Database,
  heads: readonly SessionAtVersion[],
): Promise<HeadDifference[]> {
  const streams = await storedStreams(
    database,
    heads.map(({ head }) => sessionStream(head.sessionId)),
  );
  return heads.flatMap(({ head: { dueAt: _schedule, ...head }, version }) => {
    const folded = fold(streams.get(sessionStream(head.sessionId)), version);
    const fields = differingFields(head, folded);
    return fields.length > 0 ? [{ kind: 'session' as const, id: head.sessionId, fields }] : [];
  });
}

/** The session as its events tell it, up to a version: an append may have come between the two reads. */
function fold(events: StoredEvent[] | null | undefined, version: number): SessionState | WholeFinding {
  if (events === null) return 'unreadable';
  let state: SessionState | null = null;
  try {
    for (const { type, data, version: at } of events ?? []) {
      const event = { type, data };
      if (at <= version && isSessionEvent(event)) state = evolve(state, event);
    }
  } catch {
    return 'unreadable';
  }
  return state ?? 'unknown';
}
