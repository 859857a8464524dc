import { domainEventOf, streamOfEnvelope, type CloudEvent } from '#libs/contracts';
import type { PoolClient } from '#libs/database';
import { arrayParameter } from '../array-parameter.js';
import type { ReadModel } from '../read-model.js';

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

export const auditModel: ReadModel = {
  name: 'audit',

  async apply(client: PoolClient, table: string, batch: readonly CloudEvent[]): Promise<void> {
    const rows = batch.map(auditRowOf);
    await client.query({
      name: `audit.apply.${table}`,
      text: `
        insert into ${table}
          (position, occurred_at, stream_id, version, agent_id, session_id, type, actor, reason)
        select * from unnest($1::bigint[], $2::timestamptz[], $3::text[], $4::bigint[], $5::uuid[], $6::uuid[],
                             $7::text[], $8::text[], $9::text[])`,
      values: [
        rows.map(({ position }) => position),
        rows.map(({ occurredAt }) => occurredAt),
        rows.map(({ streamId }) => streamId),
        rows.map(({ version }) => version),
        rows.map(({ agentId }) => agentId),
        rows.map(({ sessionId }) => sessionId),
        rows.map(({ type }) => type),
        rows.map(({ actor }) => actor),
        rows.map(({ reason }) => reason),
      ].map(arrayParameter),
    });
  },
};
