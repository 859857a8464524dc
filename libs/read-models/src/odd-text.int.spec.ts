import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { toCloudEvent } from '#libs/contracts';
import { Database } from '#libs/database';
import { createLedger, readRecorded, sequence } from '#libs/ledger';
import { createTestDatabase, until } from '#libs/testing';
import { Projection } from './projection.js';

const REASONS = ['a\0b', 'quote " and \\ and {,}', '\ud800 alone', 'NULL', '한국어', ' '];

it('no text that an event can hold stops the read models', async () => {
  await using place = await createTestDatabase();
  await using database = await Database.open({ url: place.url, applicationName: 'test' });
  const ledger = createLedger(database);
  const agentId = randomUUID();
  for (const reason of REASONS) {
    const event = { id: randomUUID(), time: Date.now(), type: 'AgentDisabled' as const, data: { agentId, reason } };
    const streams = [{ streamId: `agent:${agentId}`, expectedVersion: null, events: [event] }];
    // A lone surrogate is refused or recorded; what is recorded must be projected.
    await ledger.append({ streams, actor: 'owner', requestId: 'r' }).catch(() => undefined);
  }
  const client = await database.connect();
  const [row] = await database.query<{ n: number }>('select count(*)::int as n from ledger.event');
  let given = 0;
  await until(async () => (given += (await sequence(client, 100)).length) === row?.n, { describe: 'all sequenced' });
  client.release();
  const events = await readRecorded(database, 0, 100);
  await new Projection(database).apply(events.map((event) => toCloudEvent(event, 'urn:test')));
  const shown = await database.query<{ reason: string }>('select reason from read_model.audit order by position');
  expect(shown.map(({ reason }) => reason)).toEqual(expect.arrayContaining(['ab', ...REASONS.slice(1, 2)]));
  expect(shown).toHaveLength(given);
});
