import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { agentStream, domainEventOf, EVENT_TYPES, exportedEventOf, toCloudEvent, UPCASTERS } from '#libs/contracts';
import { Database } from '#libs/database';
import { LogVerifier } from '#libs/proof';
import { createTestDatabase, until } from '#libs/testing';
import { createLedger, readRecorded, sequence } from '../index.js';

it('an event that was stored as version 1 is read as version 2 once the code knows one; its record stays what was hashed', async () => {
  await using place = await createTestDatabase();
  await using database = await Database.open({ url: place.url, applicationName: 'upcast', poolSize: 2 });
  const ledger = createLedger(database);
  const agentId = randomUUID();
  const disabled = (reason: string) => ({
    streams: [
      {
        streamId: agentStream(agentId),
        expectedVersion: null,
        events: [{ id: randomUUID(), time: Date.now(), type: 'AgentDisabled' as const, data: { agentId, reason } }],
      },
    ],
    actor: 'owner',
    requestId: 'r',
  });
  await ledger.append(disabled('recorded as version 1'));

  // The next release: the reason is called a note.
  Object.assign(EVENT_TYPES.AgentDisabled, { version: 2 });
  Object.assign(UPCASTERS, {
    'AgentDisabled.v1': ({ reason, ...rest }: Record<string, unknown>) => ({ ...rest, note: reason }),
  });
  const second = disabled('');
  Object.assign(second.streams[0]?.events[0] ?? {}, { data: { agentId, note: 'recorded as version 2' } });
  await ledger.append(second);

  const notes = ['recorded as version 1', 'recorded as version 2'].map((note) => ({ agentId, note }));
  const stream = await ledger.readStream(agentStream(agentId));
  expect(stream.map(({ schemaVersion, data }) => [schemaVersion, data])).toEqual([
    [1, notes[0]],
    [2, notes[1]],
  ]);
  const client = await database.connect();
  // The databases of other tests share the cluster: what they have open may hold the newest events back for a moment.
  let given = 0;
  await until(async () => (given += (await sequence(client, 10)).length) === 2, { describe: 'both to be sequenced' });
  client.release();
  expect((await ledger.readLog({ after: 0, limit: 10 })).map(({ data }) => data)).toEqual(notes);

  const envelopes = (await readRecorded(database, 0, 10)).map((event) => toCloudEvent(event, 'urn:test'));
  expect(envelopes.map(({ type }) => type)).toEqual(['ledger.agent.disabled.v1', 'ledger.agent.disabled.v2']);
  expect(envelopes[0]?.data).toEqual({ agentId, reason: 'recorded as version 1' });
  expect(envelopes.map((envelope) => domainEventOf(envelope)?.data)).toEqual(notes);
  const verifier = new LogVerifier([]);
  for (const envelope of envelopes) verifier.add(exportedEventOf(envelope));
  expect(verifier.finish({ checkpoints: [] })).toMatchObject({ ok: true, events: 2 });
});
