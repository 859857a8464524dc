import { canonicalJson } from '../canonical-json.js';
import { leafHex, toMicros } from '../leaf.js';

/** An event as an export carries it. */
export interface ExportedEvent {
  position: number;
  streamId: string;
  version: number;
  id: string;
  type: string;
  schemaVersion: number;
  /** RFC 3339 UTC. */
  time: string;
  actor: string;
  requestId: string;
  data: unknown;
  /** Lower-case hex. */
  leaf: string;
}

/** What an event is to its neighbours: all that a verifier needs of it once its own fields are known to give its leaf. */
export interface LinkedEvent {
  position: number;
  streamId: string;
  version: number;
  /** Epoch microseconds. */
  micros: bigint;
}

/**
 * Time and leaf (lower-case hex) that the fields of an event give: it is unaltered in itself when that is the leaf it carries.
 * Needs no other event, so many can be hashed at once. Throws when a field cannot be hashed.
 */
export function hashEvent(event: ExportedEvent): { micros: bigint; leaf: string } {
  const micros = toMicros(event.time);
  // Field by field: a million copies of an event would be felt.
  const { streamId, version, id, type, schemaVersion, actor, requestId } = event;
  const payload = canonicalJson(event.data);
  return { micros, leaf: leafHex({ streamId, version, id, type, schemaVersion, micros, actor, requestId, payload }) };
}
