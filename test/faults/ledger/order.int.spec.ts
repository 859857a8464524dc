import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { agentStream } from '#libs/contracts';
import { horizonHolder, lastPosition, oldestUnsequenced, sequence } from '#libs/ledger';
import { until } from '#libs/testing';
import { appendTo, createLog, type LogFixture, sequenceCount } from './log-fixture.js';

const WRITERS = 8;
const APPENDS = Number(process.env['LEDGER_FAULT_APPENDS'] ?? 1500);
/** Share of the transactions that stay open after their append. */
const HELD = 0.3;
const HELD_MS = 15;

const APPEND = `select ledger.append(array[$1], array[null]::bigint[], array[1], array[$2::uuid], array['AgentEnabled'],
  array[1]::smallint[], array[$3::bigint], array['{}'], 'a', 'r', null, null, null, false, null)`;

/** Appends in a transaction of its own that is held open after the append, as a slow client would. */
async function appendHeldOpen(pool: pg.Pool, agentId: string, heldMs: number): Promise<string> {
  const client = await pool.connect();
  const eventId = randomUUID();
  try {
    await client.query('begin');
    await client.query(APPEND, [agentStream(agentId), eventId, Date.now() * 1000]);
    if (heldMs > 0) await client.query('select pg_sleep($1)', [heldMs / 1000]);
    await client.query('commit');
    return eventId;
  } finally {
    client.release();
  }
}

async function withPool<T>(log: LogFixture, work: (pool: pg.Pool) => Promise<T>): Promise<T> {
  const pool = new pg.Pool({ connectionString: log.url, max: WRITERS });
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}

async function write(pool: pg.Pool, agents: string[]): Promise<string[]> {
  const ids: string[] = [];
  let next = 0;
  const worker = async () => {
    while (next < APPENDS) {
      const agent = agents[next++ % agents.length] as string;
      ids.push(await appendHeldOpen(pool, agent, Math.random() < HELD ? Math.random() * HELD_MS : 0));
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, worker));
  return ids;
}

/** What most stores do: remember the last sequence number, read what is above it. */
async function readNaively(log: LogFixture, seen: Set<string>, done: () => boolean): Promise<void> {
  let last = 0;
  for (let isLast = false; !isLast;) {
    isLast = done();
    const rows = await log.database.query<{ seq: number; event_id: string }>(
      'select seq, event_id::text from ledger.event where seq > $1 order by seq',
      [last],
    );
    for (const { seq, event_id } of rows) {
      last = seq;
      seen.add(event_id);
    }
  }
}

async function readByPosition(log: LogFixture, seen: Set<string>, done: () => boolean): Promise<void> {
  const client = await log.database.connect();
  let position = 0;
  const readOn = async () => {
    await sequence(client, 500);
    for (const event of await log.ledger.readLog({ after: position, limit: 10_000 })) {
      expect(event.position).toBe(position + 1);
      position = event.position;
      seen.add(event.id);
    }
  };
  try {
    while (!done()) await readOn();
    const count = 'select count(*)::int as n from ledger.event';
    const [all] = await log.database.query<{ n: number }>(count);
    // What the databases of other tests have open may hold the newest events back for a moment.
    const readAll = async () => {
      await readOn();
      return position === all?.n;
    };
    await until(readAll, { describe: `all ${all?.n} events to be read` });
  } finally {
    client.release();
  }
}

describe('with transactions held open while others commit', () => {
  it('a naive reader loses events, ours loses none, and versions of a stream keep their order', async () => {
    await using log = await createLog();
    const agents = Array.from({ length: 12 }, () => randomUUID());
    const [naive, ours] = [new Set<string>(), new Set<string>()];
    let ended = false;
    const written = await withPool(log, async (pool) => {
      const readers = [readNaively(log, naive, () => ended), readByPosition(log, ours, () => ended)];
      const ids = await write(pool, agents);
      ended = true;
      await Promise.all(readers);
      return ids;
    });
    expect(written.filter((id) => !ours.has(id))).toEqual([]);
    expect(written.filter((id) => !naive.has(id)).length).toBeGreaterThan(0);

    const versions = new Map<string, number>();
    for (const { streamId, version } of await log.ledger.readLog({ after: 0, limit: APPENDS })) {
      expect([streamId, version]).toEqual([streamId, (versions.get(streamId) ?? 0) + 1]);
      versions.set(streamId, version);
    }
  });

  it('an event waits for the open one that could come before it, and for no reader', async () => {
    await using log = await createLog();
    await withPool(log, async (pool) => {
      const [slow, reader, leader] = [await pool.connect(), await pool.connect(), await log.database.connect()];
      try {
        await slow.query('begin');
        await slow.query(APPEND, [agentStream(randomUUID()), randomUUID(), Date.now() * 1000]);
        const waiting = await appendTo(log.ledger);
        // A transaction that only reads holds nothing, however long it is open.
        await reader.query('begin isolation level repeatable read');
        await reader.query('select count(*) from ledger.event');
        expect(await sequence(leader, 10)).toEqual([]);
        expect(await oldestUnsequenced(log.database)).not.toBeNull();
        // Transactions of other databases hold it too: ours is named once they have ended.
        const { processID } = slow as unknown as { processID: number };
        const holder = await until(
          async () => {
            const found = await horizonHolder(log.database);
            return found?.pid === processID && found;
          },
          { describe: 'the open append to be named' },
        );
        expect(holder.query).toContain('ledger.append');

        await slow.query('commit');
        const given = await sequenceCount(leader, 2);
        expect(given.map(({ position }) => position)).toEqual([1, 2]);
        expect(given[1]?.id).toBe(waiting);
        expect(await oldestUnsequenced(log.database)).toBeNull();
        await reader.query('commit');
      } finally {
        slow.release();
        reader.release();
        leader.release();
      }
    });
  });

  it('an append that rolls back leaves no hole', async () => {
    await using log = await createLog();
    await withPool(log, async (pool) => {
      const [client, leader] = [await pool.connect(), await log.database.connect()];
      await appendTo(log.ledger);
      await client.query('begin');
      await client.query(APPEND, [agentStream(randomUUID()), randomUUID(), Date.now() * 1000]);
      await client.query('rollback');
      await appendTo(log.ledger);
      expect((await sequenceCount(leader, 2)).map(({ position }) => position)).toEqual([1, 2]);
      expect(await lastPosition(log.database)).toBe(2);
      client.release();
      leader.release();
    });
  });
});
