import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { agentStream } from '#libs/contracts';
import { Database } from '#libs/database';
import { EmbeddedPostgres } from '#libs/embedded';
import { createLedger, type Ledger } from '#libs/ledger';
import { testEnvironment, until } from '#libs/testing';
import { agentEnabled } from './log-fixture.js';

/** Appends until the server is gone; answers the ids that were confirmed and those that were not. */
async function appendUntilGone(ledger: Ledger): Promise<{ confirmed: string[]; unknown: string[] }> {
  const [confirmed, unknown]: string[][] = [[], []];
  const caller = async () => {
    const agentId = randomUUID();
    for (;;) {
      const event = agentEnabled(agentId);
      const streams = [
        { streamId: agentStream(agentId), expectedVersion: null, events: [event, agentEnabled(agentId)] },
      ];
      try {
        await ledger.append({ streams, actor: 'owner', requestId: 'r' });
        confirmed?.push(event.id);
      } catch {
        unknown?.push(event.id);
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: 8 }, caller));
  return { confirmed: confirmed ?? [], unknown: unknown ?? [] };
}

it('PostgreSQL killed in the middle of appends: what was confirmed is there, what was not is whole or absent', async () => {
  const dataDir = mkdtempSync(join(testEnvironment().runDir, 'postgres', 'killed-'));
  const server = await EmbeddedPostgres.start({ dataDir, database: 'killed' });
  const first = await Database.open({ url: server.url, applicationName: 'killed', onIdleError: () => undefined });
  const appending = appendUntilGone(createLedger(first));
  await until(
    async () => {
      const [row] = await first.query<{ n: number }>('select count(*)::int as n from ledger.event');
      return (row?.n ?? 0) > 400;
    },
    { describe: 'appends under way' },
  );
  process.kill(server.pid, 'SIGKILL');
  const { confirmed, unknown } = await appending;
  await first[Symbol.asyncDispose]().catch(() => undefined);
  expect(confirmed.length).toBeGreaterThan(0);
  expect(unknown).toHaveLength(8);

  await using again = await EmbeddedPostgres.start({ dataDir, database: 'killed' });
  const database = await Database.open({ url: again.url, applicationName: 'killed' });
  try {
    const rows = await database.query<{ id: string }>('select event_id::text as id from ledger.event');
    const stored = new Set(rows.map(({ id }) => id));
    expect(confirmed.filter((id) => !stored.has(id))).toEqual([]);
    // Both events of an append or none; the stream's row agrees with its events.
    const wrong = await database.query(`
      select s.stream_id from ledger.stream s join ledger.event e using (stream_id)
      group by s.stream_id, s.version having count(*) <> s.version or max(e.version) <> s.version or count(*) % 2 <> 0`);
    expect(wrong).toEqual([]);
    await createLedger(database).append({
      streams: [{ streamId: agentStream(randomUUID()), expectedVersion: 0, events: [] }],
      actor: 'owner',
      requestId: 'after',
    });
  } finally {
    await database[Symbol.asyncDispose]();
  }
});
