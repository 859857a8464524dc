import { z } from 'zod';
import { eventTypeOf, type DomainEvent } from './event-types.js';

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

/** The typed fact inside an envelope; null for a type that this version of the code does not know. */
export function domainEventOf(event: CloudEvent): DomainEvent | null {
  const type = eventTypeOf(event.type);
  return type === null ? null : ({ type, data: event.data } as unknown as DomainEvent);
}
