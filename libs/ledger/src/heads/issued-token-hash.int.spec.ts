import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { Database } from '#libs/database';
import { createTestDatabase } from '#libs/testing';
import { ISSUED } from './issued-token-hash.js';

const SESSIONS = 200;
const EVENTS_OF_EACH = 100;

const FILL = `
insert into ledger.event (epoch, stream_id, version, event_id, type, schema_version, occurred_at, actor, request_id, payload, leaf)
select 1, 'session:' || s, v, gen_random_uuid(), case v when 1 then 'SessionCreated' else 'SessionRenewed' end, 1, now(),
       'owner', 'fill', '{"generation":' || v - 1 || ',"tokenHash":"' || s || '-' || v - 1 || '"}', ''
from generate_series(1, ${SESSIONS}) s, generate_series(1, ${EVENTS_OF_EACH}) v`;

it('finds the generation before the current one in the newest events of its stream, by index', async () => {
  await using place = await createTestDatabase();
  await using database = await Database.open({ url: place.url, applicationName: 'hash plan', poolSize: 1 });
  const client = await database.connect();
  try {
    await client.query('set role none');
    await client.query(FILL);
    await client.query('analyze ledger.event');
    await client.query(`prepare issued (text, bigint) as ${ISSUED}`);
    for (let run = 0; run < 6; run++) await client.query(`execute issued ('${randomUUID()}', 1)`);
    const generation = EVENTS_OF_EACH - 2;
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `explain (analyze, timing off) execute issued ('session:7', ${generation})`,
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toMatch(/Index Scan Backward using event_pkey/);
    expect(plan).not.toMatch(/Seq Scan|Sort/);
    // One event is newer.
    expect(plan).toMatch(/Rows Removed by Filter: 1$/m);
    const found = await client.query(`execute issued ('session:7', ${generation})`);
    expect(found.rows).toMatchObject([{ payload: expect.stringContaining('"7-98"') }]);
  } finally {
    client.release(true);
  }
});
