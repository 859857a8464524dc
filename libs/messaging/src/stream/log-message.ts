import type { MsgHdrs } from '@nats-io/transport-node';
import { cloudEvent, subjectOf, toCloudEvent, type CloudEvent, type DomainEvent } from '#libs/contracts';
import type { RecordedEvent } from '#libs/contracts';

/** Marks a message that only moves the stream's sequence to the right number; it carries no event. */
export const FILLER_HEADER = 'Ledger-Filler';

export interface LogMessage {
  subject: string;
  body: string;
  headers: Record<string, string[]>;
  eventId: string;
  position: number;
}

/** The message of an event: CloudEvent JSON, with what a reader routes by in the headers. */
export function logMessageOf(event: RecordedEvent, source: string): LogMessage {
  const envelope = toCloudEvent(event, source);
  return {
    subject: subjectOf({ type: event.type, data: envelope.data } as unknown as DomainEvent),
    body: JSON.stringify(envelope),
    headers: {
      'Ledger-Position': [String(event.position)],
      'Ledger-Leaf': [event.leaf],
      'content-type': ['application/cloudevents+json'],
    },
    eventId: event.id,
    position: event.position,
  };
}

/** The envelope in a message of the stream; null for a filler. Throws when it is neither. */
export function envelopeOf(message: { headers?: MsgHdrs; data: Uint8Array }): CloudEvent | null {
  if (message.headers?.has(FILLER_HEADER)) return null;
  return cloudEvent.parse(JSON.parse(Buffer.from(message.data).toString('utf8')));
}
