import type { AuditQuery } from '#libs/contracts';
import type { Database } from '#libs/database';
import { decodeCursor } from '../audit-cursor.js';

interface ScannedEvent extends Record<string, unknown> {
  position: number;
  /** Epoch microseconds. */
  time: number;
  agentId: string | null;
  sessionId: string | null;
  type: string;
  actor: string;
}

const BATCH = 20_000;
const SOME = `
  select position, (extract(epoch from occurred_at) * 1000000)::bigint as time, agent_id::text as "agentId",
    session_id::text as "sessionId", type, actor
  from read_model.audit where position > $1 and position <= $2`;

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
    const [{ last } = { last: 0 }] = await database.query<{ last: number }>(
      'select max(position) as last from read_model.audit',
    );
    const events: ScannedEvent[] = [];
    const texts = new Map<string, string>();
    const shared = <T extends string | null>(text: T): T => {
      if (text === null) return text;
      if (!texts.has(text)) texts.set(text, text);
      return texts.get(text) as T;
    };
    for (let after = 0; after < last; after += BATCH) {
      for (const event of await database.query<ScannedEvent>(SOME, [after, after + BATCH])) {
        const { position, time } = event;
        const [agentId, sessionId] = [shared(event.agentId), shared(event.sessionId)];
        events.push({ position, time, agentId, sessionId, type: shared(event.type), actor: shared(event.actor) });
      }
    }
    return new PlainScan(database, events.sort(inOrder));
  }

  /** Positions of a page, newest first. */
  async page(query: AuditQuery, agents: readonly string[] | null): Promise<number[]> {
    const cursor = query.cursor === undefined ? null : decodeCursor(query.cursor);
    const edge = cursor === null ? null : { time: microsOf(cursor.time), position: cursor.position };
    const isForward = cursor?.direction === 'newer';
    const words = query.text === undefined ? null : await this.wordsOf(query.text);
    const seen = agents === null ? null : new Set<string | null>(agents);
    const [from, to] = [query.from, query.to].map((time) => (time === undefined ? undefined : microsOf(time)));
    const matches = (event: ScannedEvent): boolean =>
      (query.agentId === undefined || event.agentId === query.agentId) &&
      (query.sessionId === undefined || event.sessionId === query.sessionId) &&
      (query.type === undefined || event.type === query.type) &&
      (query.actor === undefined || event.actor === query.actor) &&
      (from === undefined || event.time >= from) &&
      (to === undefined || event.time < to) &&
      (seen === null || seen.has(event.agentId)) &&
      (words === null || words.has(event.position)) &&
      (edge === null || (isForward ? inOrder(edge, event) : inOrder(event, edge)) < 0);
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

function inOrder(one: Place, other: Place): number {
  return one.time - other.time || one.position - other.position;
}

/** Of a time in whole milliseconds, as this test asks for. */
function microsOf(time: string): number {
  return Date.parse(time) * 1_000;
}
