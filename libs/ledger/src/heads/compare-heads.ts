import type { Database } from '#libs/database';
import { evolve, isSessionEvent, type SessionState } from '#libs/session';
import { readRecordedStream } from '../read/read.js';
import { storedEventOf } from '../read/stored-events.js';
import type { SessionHead } from '../types.js';
import { sessionRows, type RowOf } from './head-rows.js';

/** A head that is not what the log says. */
export interface HeadDifference {
  sessionId: string;
  /** Names of the fields that differ; `missing` when the log knows no such session, `unreadable` when its events cannot be folded. */
  fields: string[];
}

export interface HeadComparison {
  checked: number;
  differing: HeadDifference[];
}

const PAGE = 200;

/** Folds the streams of sessions and names every head that differs: all of them, or a random sample of `sample`. */
export async function compareHeads(database: Database, sample?: number): Promise<HeadComparison> {
  const result: HeadComparison = { checked: 0, differing: [] };
  for await (const heads of sample === undefined ? allHeads(database) : someHeads(database, sample)) {
    for (const head of heads) {
      result.checked += 1;
      const fields = differingFields(head, await fold(database, head));
      if (fields.length > 0) result.differing.push({ sessionId: head.sessionId, fields });
    }
  }
  return result;
}

/** `dueAt` is a schedule, not a fact: it is left out. */
function differingFields({ dueAt: _, ...head }: SessionHead, state: SessionState | 'missing' | 'unreadable'): string[] {
  if (typeof state === 'string') return [state];
  const folded = state as unknown as Record<string, unknown>;
  return Object.entries(head)
    .filter(([field, value]) => !isSame(value, folded[field]))
    .map(([field]) => field);
}

/** The session as its events tell it. One that cannot be read is a finding like any other, and ends no check. */
async function fold(
  database: Database,
  { sessionId, version }: SessionHead,
): Promise<SessionState | 'missing' | 'unreadable'> {
  const events = await readRecordedStream(database, `session:${sessionId}`);
  let state: SessionState | null = null;
  try {
    for (const stored of events) {
      const { type, data } = storedEventOf(stored);
      const event = { type, data };
      if (isSessionEvent(event)) state = evolve(state, event);
      // An append may have come between the two reads.
      if (state?.version === version) break;
    }
  } catch {
    return 'unreadable';
  }
  return state ?? 'missing';
}

function isSame(left: unknown, right: unknown): boolean {
  if (left === null || typeof left !== 'object') return left === right;
  return typeof right === 'object' && right !== null && sorted(left) === sorted(right);
}

function sorted(value: object): string {
  return JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function* allHeads(database: Database): AsyncGenerator<SessionHead[]> {
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const text = 'select * from ledger.session_head where session_id > $1 order by session_id limit $2';
    const rows = await database.query<RowOf<SessionHead>>(text, [after, PAGE]);
    const last = rows.at(-1);
    if (!last) return;
    after = last.session_id;
    yield rows.map(sessionRows.fromRow);
  }
}

/** Ids are UUID v7: a random point in the id space between the oldest and the newest begins the sample. */
async function* someHeads(database: Database, count: number): AsyncGenerator<SessionHead[]> {
  const text = `
    select h.* from ledger.session_head h
    where h.created_at >= (
      select min(created_at) + floor(random() * (max(created_at) - min(created_at) + 1))::bigint from ledger.session_head
    )
    order by h.created_at, h.session_id limit $1`;
  yield (await database.query<RowOf<SessionHead>>(text, [count])).map(sessionRows.fromRow);
}
