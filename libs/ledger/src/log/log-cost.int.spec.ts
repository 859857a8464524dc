import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { agentStream, LOG } from '#libs/contracts';
import { Database } from '#libs/database';
import { createTestDatabase, rowsRead, type TestDatabase, until } from '#libs/testing';
import { createLedger, lastPosition, oldestUnsequenced, readRecorded, type NewEvent } from '../index.js';

const EVENTS = 6_000;
const EACH = 1_000;

let place: TestDatabase;
/** One connection: the counts below are those of its own session. */
let database: Database;

beforeAll(async () => {
  place = await createTestDatabase();
  database = await Database.open({ url: place.url, applicationName: 'log cost spec', poolSize: 1 });
  const ledger = createLedger(database);
  for (let made = 0; made < EVENTS; made += EACH) {
    const agentId = randomUUID();
    const events = Array.from({ length: EACH }, (): NewEvent => {
      return { id: randomUUID(), time: Date.now(), type: 'AgentEnabled', data: { agentId } };
    });
    const streams = [{ streamId: agentStream(agentId), expectedVersion: 0, events }];
    await ledger.append({ streams, actor: 'owner', requestId: 'fill' });
  }
  // Transactions of other databases that began before may hold the last ones back.
  const sequenced = async () => {
    await database.query('select count(*) from ledger.sequence($1, $2)', [LOG, EVENTS]);
    return (await lastPosition(database)) === EVENTS;
  };
  await until(sequenced, { describe: 'every event to have its position' });
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

/** Rows of ledger.event that `work` fetches, and entries of its indexes that it reads. */
async function eventsRead(work: () => Promise<unknown>): Promise<number> {
  const before = await rowsRead(database, 'ledger.event');
  await work();
  return (await rowsRead(database, 'ledger.event')) - before;
}

/** As it is once the server's own housekeeping has come round, which it may at any time. */
async function vacuumed(): Promise<void> {
  const owner = new pg.Client({ connectionString: place.url });
  await owner.connect();
  await owner.query('vacuum analyze ledger.event');
  await owner.query('vacuum analyze ledger.entry');
  await owner.end();
}

describe.each([
  ['just filled', () => Promise.resolve()],
  ['vacuumed and analysed', vacuumed],
])('the log, however long it is, %s', (_, prepare) => {
  beforeAll(prepare);

  it('is asked for its oldest waiting event without being read', async () => {
    // Plans of a session change after five uses: none of them may read the log.
    for (let use = 0; use < 7; use += 1) {
      expect(await eventsRead(() => oldestUnsequenced(database))).toBeLessThan(5);
    }
  });

  it('gives a page of events by looking up these events alone', async () => {
    for (let use = 0; use < 7; use += 1) {
      expect(await eventsRead(() => readRecorded(database, 100, 50))).toBeLessThan(150);
    }
  });

  it('is asked for new events, where there are none, without being read', async () => {
    for (let use = 0; use < 7; use += 1) {
      const ask = () => database.query('select count(*) from ledger.sequence($1, 1000)', [LOG]);
      expect(await eventsRead(ask)).toBeLessThan(5);
    }
  });
});
