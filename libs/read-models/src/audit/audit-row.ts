import { domainEventOf, streamOfEnvelope, type CloudEvent } from '#libs/contracts';

/** What an audit search looks at. The events themselves stay in the ledger. */
export interface AuditRow {
  position: number;
  occurredAt: string;
  streamId: string;
  version: number;
  agentId: string | null;
  sessionId: string | null;
  type: string;
  actor: string;
  reason: string | null;
}

/** Throws UnknownEvent for an event that this code is too old for. */
export function auditRowOf(envelope: CloudEvent): AuditRow {
  const event = domainEventOf(envelope);
  if (event === null) throw new Error(`event type ${envelope.type} is unknown; start the newer release`);
  const data = event.data as { agentId?: string; sessionId?: string; reason?: string };
  return {
    position: envelope.position,
    occurredAt: envelope.time,
    streamId: streamOfEnvelope(envelope),
    version: envelope.streamversion,
    agentId: data.agentId ?? null,
    sessionId: data.sessionId ?? null,
    type: event.type,
    actor: envelope.actor,
    reason: data.reason ?? null,
  };
}
