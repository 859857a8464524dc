import { EVENT_TYPES } from '#libs/contracts';
import { type Database, isRefused } from '#libs/database';
import { changingColumns } from '../heads/head-rows.js';
import type { AppendRequest, AppendResult, NewEvent, SessionHead } from '../types.js';
import { Batches } from '../batches.js';
import { append, canonicalPayload } from './append.js';
import { checkAppend } from './check-append.js';

/** Transactions at once; what comes in meanwhile goes into the next ones. Few: PostgreSQL writes them to disk together anyway. */
const AT_ONCE = 2;
/** Most appends of one transaction: none waits long for its companions. */
const MOST = 32;

const TEXT = 'select number, last_version, stream_head from ledger.append_together($1, $2)';

interface Single {
  request: AppendRequest;
  streamId: string;
  expectedVersion: number | null;
  event: NewEvent;
  payload: string;
  head: SessionHead | null;
  resolve: (result: AppendResult | Promise<AppendResult>) => void;
  reject: (error: unknown) => void;
}

interface Written extends Record<string, unknown> {
  number: number;
  last_version: number;
  stream_head: string;
}

/**
 * Appends of one process. One alone is a transaction of its own. Of those that come in while others are under way, the
 * simple ones (one event to a stream that is there, no idempotency key) are written together: each still succeeds or
 * fails by itself, and is answered once it is durable.
 */
export class AppendsTogether {
  private readonly batches = new Batches<Single>({
    atOnce: AT_ONCE,
    take,
    work: (batch) => this.write(batch),
  });

  constructor(private readonly database: Database) {}

  append(request: AppendRequest): Promise<AppendResult> {
    const simple = simpleAppendOf(request);
    if (simple === null) return append(this.database, request);
    return new Promise((resolve, reject) => {
      checkAppend(request);
      this.batches.add({ request, ...simple, payload: canonicalPayload(simple.event.data), resolve, reject });
    });
  }

  /** Never rejects: each append has its own answer. */
  private async write(batch: Single[]): Promise<void> {
    let left = batch;
    if (batch.length > 1) {
      try {
        const rows = await this.database.prepared<Written>('ledger.append_together', TEXT, valuesOf(batch));
        const written = new Map(rows.map((row) => [row.number, row]));
        left = batch.filter((single, index) => !answer(single, written.get(index + 1)));
      } catch (error) {
        if (!isRefused(error)) return batch.forEach(({ reject }) => reject(error));
      }
    }
    await Promise.allSettled(
      left.map(({ request, resolve }) => {
        const alone = append(this.database, request);
        resolve(alone);
        return alone;
      }),
    );
  }
}

/** The first that wait, each stream once. */
function take(waiting: readonly Single[]): { batch: Single[]; later: Single[] } {
  const streams = new Set<string>();
  const later: Single[] = [];
  const batch: Single[] = [];
  for (const single of waiting) {
    const fits = batch.length < MOST && !streams.has(single.streamId);
    (fits ? batch : later).push(single);
    streams.add(single.streamId);
  }
  return { batch, later };
}

function answer({ streamId, resolve }: Single, row: Written | undefined): boolean {
  if (!row) return false;
  const { last_version: version, stream_head: head } = row;
  resolve({ replayed: false, streams: [{ streamId, firstVersion: version, lastVersion: version, head }] });
  return true;
}

/** Null for what needs `ledger.append`: several streams or events, a new stream, idempotency, other heads, the kill switch passed by. */
function simpleAppendOf(
  request: AppendRequest,
): Pick<Single, 'streamId' | 'expectedVersion' | 'event' | 'head'> | null {
  const { streams, heads = {}, idempotency, duringKillSwitch = false } = request;
  const [stream, ...others] = streams;
  if (!stream || others.length > 0 || stream.expectedVersion === 0 || idempotency || duringKillSwitch) return null;
  const [event, ...more] = stream.events;
  if (!event || more.length > 0) return null;
  const { sessions = [], ...rest } = heads;
  const hasOther = Object.values(rest).some((value) => (Array.isArray(value) ? value.length > 0 : value !== undefined));
  if (hasOther || sessions.length > 1) return null;
  return { streamId: stream.streamId, expectedVersion: stream.expectedVersion, event, head: sessions[0] ?? null };
}

function valuesOf(batch: Single[]): [streams: string[], appends: string] {
  return [batch.map(({ streamId }) => streamId), JSON.stringify(batch.map(rowOf))];
}

/** As `ledger.append_together` names it. */
function rowOf({ request, streamId, expectedVersion, event, payload, head }: Single) {
  return {
    stream_id: streamId,
    expected: expectedVersion,
    event_id: event.id,
    type: event.type,
    schema_version: EVENT_TYPES[event.type].version,
    micros: event.time * 1000,
    payload,
    actor: request.actor,
    request_id: request.requestId,
    ...(head && changingColumns(head)),
  };
}
