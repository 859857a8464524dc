import type { AuditQuery } from '#libs/contracts';
import type { Database } from '#libs/database';
import { decodeCursor } from './audit-cursor.js';

interface ScannedEvent extends Record<string, unknown> {
  position: number;
  time: string;
  agentId: string | null;
  sessionId: string | null;
  type: string;
  actor: string;
}

const ALL = `
  select position, to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as time,
    agent_id::text as "agentId", session_id::text as "sessionId", type, actor
  from read_model.audit order by occurred_at, position`;

const WITH_WORDS = `
  select position from read_model.audit where to_tsvector('simple', coalesce(reason, '')) @@ plainto_tsquery('simple', $1)`;

/** Searches without an index, a bound or a bit map: every event in turn. What a search finds is compared with it. */
export class PlainScan {
  private readonly withWords = new Map<string, Set<number>>();

  private constructor(
    private readonly database: Database,
    private readonly events: readonly ScannedEvent[],
  ) {}

  static async of(database: Database): Promise<PlainScan> {
    return new PlainScan(database, await database.query<ScannedEvent>(ALL));
  }

  /** Positions of a page, newest first. */
  async page(query: AuditQuery, agents: readonly string[] | null): Promise<number[]> {
    const edge = query.cursor === undefined ? null : decodeCursor(query.cursor);
    const isForward = edge?.direction === 'newer';
    const words = query.text === undefined ? null : await this.wordsOf(query.text);
    const seen = agents === null ? null : new Set<string | null>(agents);
    const [from, to] = [query.from, query.to].map((time) => time?.replace('Z', '.000000Z'));
    const matches = (event: ScannedEvent): boolean =>
      (query.agentId === undefined || event.agentId === query.agentId) &&
      (query.sessionId === undefined || event.sessionId === query.sessionId) &&
      (query.type === undefined || event.type === query.type) &&
      (query.actor === undefined || event.actor === query.actor) &&
      (from === undefined || event.time >= from) &&
      (to === undefined || event.time < to) &&
      (seen === null || seen.has(event.agentId)) &&
      (words === null || words.has(event.position)) &&
      (edge === null || (isForward ? isAfter(event, edge) : isAfter(edge, event)));
    const found: number[] = [];
    const last = this.events.length - 1;
    for (let n = 0; n <= last && found.length < query.limit; n += 1) {
      const event = this.events[isForward ? n : last - n] as ScannedEvent;
      if (matches(event)) found.push(event.position);
    }
    return isForward ? found.reverse() : found;
  }

  private async wordsOf(text: string): Promise<Set<number>> {
    let known = this.withWords.get(text);
    if (!known) {
      const rows = await this.database.query<{ position: number }>(WITH_WORDS, [text]);
      this.withWords.set(text, (known = new Set(rows.map(({ position }) => position))));
    }
    return known;
  }
}

type Place = Pick<ScannedEvent, 'time' | 'position'>;

function isAfter(one: Place, other: Place): boolean {
  return one.time === other.time ? one.position > other.position : one.time > other.time;
}
