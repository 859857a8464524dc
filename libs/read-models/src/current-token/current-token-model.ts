import { type CloudEvent } from '#libs/contracts';
import { type PoolClient } from '#libs/database';
import { type ReadModel } from '../read-model.js';
import { evolveCurrentToken, sessionEventOf, type CurrentToken } from './current-token.js';
import { CURRENT_TOKEN_SELECT, upsertText, upsertValues } from './current-token-rows.js';

export const currentTokenModel: ReadModel = {
  name: 'current_token',

  async apply(client: PoolClient, table: string, batch: readonly CloudEvent[]): Promise<void> {
    const events = batch.flatMap((envelope) => {
      const event = sessionEventOf(envelope);
      return event ? [{ envelope, event }] : [];
    });
    if (events.length === 0) return;
    const rows = await load(
      client,
      table,
      events.map(({ event }) => event.data.sessionId),
    );
    for (const { envelope, event } of events) {
      const { sessionId } = event.data;
      rows.set(sessionId, evolveCurrentToken(rows.get(sessionId) ?? null, event, envelope));
    }
    const text = upsertText(table);
    await client.query({ name: `current_token.apply.${table}`, text, values: upsertValues([...rows.values()]) });
  },
};

async function load(client: PoolClient, table: string, ids: string[]): Promise<Map<string, CurrentToken>> {
  const text = `select ${CURRENT_TOKEN_SELECT} from ${table} where session_id = any($1::uuid[])`;
  const values = [[...new Set(ids)]];
  const { rows } = await client.query<CurrentToken>({ name: `current_token.load.${table}`, text, values });
  return new Map(rows.map((row) => [row.sessionId, row]));
}
