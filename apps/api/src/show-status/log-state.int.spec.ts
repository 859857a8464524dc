import { expect, it } from '@jest/globals';
import { LOG } from '#libs/contracts';
import { Database } from '#libs/database';
import { createTestDatabase } from '#libs/testing';
import { LOG_STATE, logState } from './log-state.js';

const CHECKPOINTS = 20_000;

// A clock that stepped back signed the newest one earlier than others.
const FILL = `
insert into ledger.checkpoint (log, size, root, signed_at, note)
select '${LOG}', n, '', now() - case when n = ${CHECKPOINTS} then 3600 else ${CHECKPOINTS} - n end * interval '1 second', ''
from generate_series(1, ${CHECKPOINTS}) n`;

it('the state of the log finds the newest checkpoint of many by index, without a sort', async () => {
  await using place = await createTestDatabase();
  await using database = await Database.open({ url: place.url, applicationName: 'log state plan', poolSize: 2 });
  const client = await database.connect();
  try {
    await client.query('set role none');
    await client.query(FILL);
    await client.query('analyze ledger.checkpoint');
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain ${LOG_STATE}`, [LOG]);
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toMatch(/using checkpoint_size on checkpoint/);
    expect(plan).not.toMatch(/Seq Scan on checkpoint/);
    expect(plan.split('\n').filter((line) => line.includes('Sort Key') && line.includes('size'))).toEqual([]);
  } finally {
    client.release(true);
  }
  expect(await logState(database)).toMatchObject({ checkpointSize: CHECKPOINTS });
});
