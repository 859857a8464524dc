import { randomUUID } from 'node:crypto';
import { expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { agentStream } from '#libs/contracts';
import { Database } from '#libs/database';
import { createTestDatabase } from '#libs/testing';
import { createLedger } from '../index.js';

it('an append over several streams, with heads and a receipt, is one statement', async () => {
  await using place = await createTestDatabase();
  await using database = await Database.open({ url: place.url, applicationName: 'round trip', poolSize: 1 });
  const ledger = createLedger(database);
  const statements = jest.spyOn(pg.Client.prototype, 'query');
  for (let round = 1; round <= 3; round += 1) {
    const ids = [randomUUID(), randomUUID()];
    const head = (agentId: string) => ({
      agentId,
      name: agentId,
      enabled: true,
      defaultConstraints: {},
      createdAt: 1,
      version: 1,
    });
    await ledger.append({
      streams: ids.map((agentId) => ({
        streamId: agentStream(agentId),
        expectedVersion: 0,
        events: [{ id: randomUUID(), time: Date.now(), type: 'AgentEnabled', data: { agentId } }],
      })),
      heads: { agents: ids.map(head) },
      actor: 'owner',
      requestId: 'r',
      idempotency: { scope: 's', key: String(round), fingerprint: Buffer.from('x') },
    });
    expect(statements).toHaveBeenCalledTimes(round);
  }
  statements.mockRestore();
});
