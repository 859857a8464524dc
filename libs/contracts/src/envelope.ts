import { z } from 'zod';
import { cloudEventType, eventTypeOf, type DomainEvent, type EventType } from './event-types.js';
import { upcast } from './upcast.js';

/** CloudEvents 1.0 with the ledger's extensions: what JetStream, webhooks, SSE and the audit routes carry. */
export const cloudEvent = z.looseObject({
  specversion: z.literal('1.0'),
  /** UUID v7. */
  id: z.string(),
  source: z.string(),
  /** `ledger.<area>.<event>.v<version>`. */
  type: z.string(),
  /** Session id, agent id, or `system`. */
  subject: z.string(),
  time: z.iso.datetime(),
  datacontenttype: z.literal('application/json'),
  data: z.record(z.string(), z.unknown()),
  /** Dense number in the log, from 1. */
  position: z.int().positive(),
  /** Number in the event's own stream, from 1. */
  streamversion: z.int().positive(),
  /** Who did it: `owner`, `agent:<id>`, `holder:<id>`, `key:<id>`, `telegram:<user id>` or `system`. */
  actor: z.string(),
  requestid: z.string(),
  /** SHA-256 leaf of the event in the log's Merkle tree, lower-case hex. */
  leaf: z.string(),
});
export type CloudEvent = z.infer<typeof cloudEvent>;

/** An event of the log as the store reads it; `data` may be of a newer version than `payload`. */
export interface RecordedEvent {
  position: number;
  streamId: string;
  version: number;
  id: string;
  type: EventType;
  /** Version of `payload`. */
  schemaVersion: number;
  time: string;
  actor: string;
  requestId: string;
  payload: string;
  leaf: string;
}

/** The envelope of a recorded event: its data is exactly what was recorded and hashed. */
export function toCloudEvent(event: RecordedEvent, source: string): CloudEvent {
  return {
    specversion: '1.0',
    id: event.id,
    source,
    type: cloudEventType(event.type, event.schemaVersion),
    subject: event.streamId.slice(event.streamId.indexOf(':') + 1),
    time: event.time,
    datacontenttype: 'application/json',
    data: JSON.parse(event.payload) as Record<string, unknown>,
    position: event.position,
    streamversion: event.version,
    actor: event.actor,
    requestid: event.requestId,
    leaf: event.leaf,
  };
}

/** Stream of the event in an envelope: `<area>:<id>`, or `system`. */
export function streamOfEnvelope({ type, subject }: Pick<CloudEvent, 'type' | 'subject'>): string {
  const area = type.split('.')[1];
  return area === undefined || subject === area ? subject : `${area}:${subject}`;
}

/** The typed fact inside an envelope, as the newest version; null for a type that this version of the code does not know. */
export function domainEventOf(event: CloudEvent): DomainEvent | null {
  const type = eventTypeOf(event.type);
  if (type === null) return null;
  const schemaVersion = Number(/\.v(\d+)$/.exec(event.type)?.[1] ?? 1);
  return { type, data: upcast({ type, schemaVersion, data: event.data }) } as unknown as DomainEvent;
}
