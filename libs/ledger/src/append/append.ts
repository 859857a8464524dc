import { EVENT_TYPES } from '#libs/contracts';
import type { Database, PoolClient } from '#libs/database';
import { canonicalJson } from '#libs/proof';
import { headsParameter } from '../heads/head-rows.js';
import { InvalidAppend, type AppendRequest, type AppendResult } from '../types.js';
import { appendErrorOf } from './append-errors.js';
import { checkAppend, MAX_PAYLOAD_BYTES } from './check-append.js';

const APPEND = 'select ledger.append($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15) as result';

/** One transaction and one round trip. */
export function append(database: Database, request: AppendRequest): Promise<AppendResult> {
  return written(request, (name, text, values) => database.prepared(name, text, values));
}

/** For a change whose own rows are written in the same transaction, after this: an append is the first write of its transaction. */
export function appendWithin(client: PoolClient, request: AppendRequest): Promise<AppendResult> {
  return written(request, async (name, text, values) => (await client.query<ResultRow>({ name, text, values })).rows);
}

interface ResultRow {
  result: AppendResult;
}

async function written(
  request: AppendRequest,
  query: (name: string, text: string, values: unknown[]) => Promise<ResultRow[]>,
): Promise<AppendResult> {
  checkAppend(request);
  const { streams, idempotency } = request;
  const events = streams.flatMap((stream) => stream.events);
  const values = [
    streams.map(({ streamId }) => streamId),
    streams.map(({ expectedVersion }) => expectedVersion),
    streams.map(({ events }) => events.length),
    events.map(({ id }) => id),
    events.map(({ type }) => type),
    events.map(({ type }) => EVENT_TYPES[type].version),
    events.map(({ time }) => time * 1000),
    events.map(({ data }) => canonicalPayload(data)),
    request.actor,
    request.requestId,
    idempotency?.scope ?? null,
    idempotency?.key ?? null,
    idempotency ? Buffer.from(idempotency.fingerprint) : null,
    request.duringKillSwitch ?? false,
    headsParameter(request.heads),
  ];
  try {
    const [row] = await query('ledger.append', APPEND, values);
    return (row as ResultRow).result;
  } catch (error) {
    throw appendErrorOf(error);
  }
}

/** RFC 8785: the bytes that are stored and hashed. */
export function canonicalPayload(data: unknown): string {
  const payload = canonicalJson(data);
  const bytes = Buffer.byteLength(payload);
  if (bytes > MAX_PAYLOAD_BYTES) {
    throw new InvalidAppend(`an event's data is ${bytes} bytes; at most ${MAX_PAYLOAD_BYTES}`);
  }
  return payload;
}
