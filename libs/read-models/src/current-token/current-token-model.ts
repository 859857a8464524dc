import type { CloudEvent } from '#libs/contracts';
import type { PoolClient } from '#libs/database';
import { arrayParameter } from '../array-parameter.js';
import { generationTable, type ReadModel } from '../read-model.js';
import { addToChange, noChange, sessionEventOf, type TokenChange } from './current-token.js';
import { insertText, insertValues, updateText, updateValues } from './current-token-rows.js';

export const currentTokenModel: ReadModel = {
  name: 'current_token',

  async apply(client: PoolClient, generation: number, batch: readonly CloudEvent[]): Promise<void> {
    const table = generationTable('current_token', generation);
    const changes = new Map<string, TokenChange>();
    for (const envelope of batch) {
      const event = sessionEventOf(envelope);
      if (event === null) continue;
      const { sessionId } = event.data;
      let change = changes.get(sessionId);
      if (!change) changes.set(sessionId, (change = noChange(sessionId)));
      addToChange(change, event, envelope);
    }
    const all = [...changes.values()];
    await insert(
      client,
      table,
      all.filter(({ isNew }) => isNew),
    );
    await update(
      client,
      table,
      all.filter(({ isNew }) => !isNew),
    );
  },
};

async function insert(client: PoolClient, table: string, changes: TokenChange[]): Promise<void> {
  if (changes.length === 0) return;
  await client.query({
    name: `current_token.insert.${table}`,
    text: insertText(table),
    values: insertValues(changes),
  });
}

async function update(client: PoolClient, table: string, changes: TokenChange[]): Promise<void> {
  if (changes.length === 0) return;
  const { rowCount } = await client.query({
    name: `current_token.update.${table}`,
    text: updateText(table),
    values: updateValues(changes),
  });
  if (rowCount === changes.length) return;
  const { rows } = await client.query<{ id: string }>(
    `select id from unnest($1::uuid[]) id where not exists (select from ${table} where session_id = id)`,
    [arrayParameter(changes.map(({ fields }) => fields.sessionId))],
  );
  throw new Error(`session ${rows[0]?.id ?? 'unknown'} changes before it was created`);
}
