import type { CloudEvent } from '#libs/contracts';
import type { PoolClient } from '#libs/database';
import { arrayParameter } from '../array-parameter.js';
import { generationTable, type ReadModel } from '../read-model.js';
import { auditRowOf } from './audit-row.js';
import { addWords } from './audit-words.js';

export const auditModel: ReadModel = {
  name: 'audit',

  async apply(client: PoolClient, generation: number, batch: readonly CloudEvent[]): Promise<void> {
    const table = generationTable('audit', generation);
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
    await addWords(client, generationTable('audit_word', generation), rows);
  },
};
