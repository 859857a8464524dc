import { createHash, hash } from 'node:crypto';

/** What the leaf of an event covers. The twin in SQL is `ledger.leaf` (migration 0002). */
export interface LeafFields {
  streamId: string;
  version: number;
  /** UUID, lower case. */
  id: string;
  type: string;
  schemaVersion: number;
  /** Epoch microseconds; a bigint because the sum passes 2^53 in the year 2255. */
  micros: bigint;
  actor: string;
  requestId: string;
  /** Canonical JSON text. */
  payload: string;
}

const LEAF_PREFIX = '\0';
const STREAM_PREFIX = Buffer.of(0x02);

/** Head of a stream before its first event. */
export const EMPTY_STREAM_HEAD: Buffer = Buffer.alloc(32);

/** The leaf's input: netstrings, so that no field can run into the next. One expression: a million of these are hashed in one go. */
function leafText({
  streamId,
  version,
  id,
  type,
  schemaVersion,
  micros,
  actor,
  requestId,
  payload,
}: LeafFields): string {
  return (
    `${netstring(streamId)}${netstring(String(version))}${netstring(id)}${netstring(type)}` +
    `${netstring(String(schemaVersion))}${netstring(String(micros))}${netstring(actor)}${netstring(requestId)}` +
    netstring(payload)
  );
}

function netstring(text: string): string {
  return `${Buffer.byteLength(text)}:${text},`;
}

/** RFC 6962 leaf hash of an event. */
export function leafHash(fields: LeafFields): Buffer {
  return hash('sha256', LEAF_PREFIX + leafText(fields), 'buffer');
}

/** The same in lower-case hex, as exports carry it. */
export function leafHex(fields: LeafFields): string {
  return hash('sha256', LEAF_PREFIX + leafText(fields), 'hex');
}

/** Next head of a stream's hash chain. */
export function nextStreamHead(head: Uint8Array, leaf: Uint8Array): Buffer {
  return createHash('sha256').update(STREAM_PREFIX).update(head).update(leaf).digest();
}

const RFC3339 = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?Z$/;

/** Epoch microseconds of an RFC 3339 UTC text; throws a RangeError when it is none. */
export function toMicros(time: string): bigint {
  const [, seconds, fraction = ''] = RFC3339.exec(time) ?? [];
  const millis = seconds === undefined ? NaN : Date.parse(`${seconds}Z`);
  if (Number.isNaN(millis)) throw new RangeError(`not an RFC 3339 UTC time: ${time.slice(0, 40)}`);
  return BigInt(millis) * 1000n + BigInt(fraction.padEnd(6, '0'));
}
