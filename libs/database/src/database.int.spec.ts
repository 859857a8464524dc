import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase, type TestDatabase, until } from '#libs/testing';
import { Database } from './database.js';

let testDatabase: TestDatabase;
let database: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  // One connection: who has it tells whether it is still the same.
  database = await Database.open({ url: testDatabase.url, applicationName: 'connections', poolSize: 1 });
});
afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  await testDatabase?.[Symbol.asyncDispose]();
});

const RAISE = (code: string) => `do $$ begin raise 'refused' using errcode = '${code}'; end $$`;

async function connection(): Promise<number | undefined> {
  const [row] = await database.query<{ pid: number }>('select pg_backend_pid() as pid');
  return row?.pid;
}

/** Ends a connection as its server's owner can. */
async function terminate(pid: number | undefined, doing: string): Promise<void> {
  const owner = new pg.Client({ connectionString: testDatabase.url });
  await owner.connect();
  const text = `select pg_terminate_backend(pid) from pg_stat_activity where pid = $1 and query like $2`;
  await until(async () => (await owner.query(text, [pid, `%${doing}%`])).rowCount === 1, {
    describe: 'the statement to run',
  });
  await owner.end();
}

describe('a statement that the server refuses', () => {
  it.each(['LG004', '22003', '23505', '40P01'])('costs no connection: %s', async (code) => {
    const before = await connection();
    for (const refused of [database.query(RAISE(code)), database.prepared(`raise-${code}`, RAISE(code))]) {
      await expect(refused).rejects.toMatchObject({ code });
    }
    expect(await connection()).toBe(before);
  });

  it('costs one where it may not be as good as before, and the next statement has another', async () => {
    const before = await connection();
    await expect(database.query(RAISE('57014'))).rejects.toMatchObject({ code: '57014' });
    const after = await connection();
    expect(after).not.toBe(before);
    const ended = expect(database.query('select pg_sleep(100)')).rejects.toMatchObject({ code: '57P01' });
    await terminate(after, 'pg_sleep');
    await ended;
    expect(await connection()).not.toBe(after);
  });

  // The first is opened before anyone can ask for it.
  it.each(['first', 'later'])(
    'on a %s connection that was lost in its holder’s hands is refused, and no more than that',
    async (which) => {
      await using fresh = await Database.open({ url: testDatabase.url, applicationName: 'lost', poolSize: 2 });
      const first = await fresh.connect();
      const held = which === 'first' ? first : await fresh.connect();
      const { rows } = await held.query<{ pid: number }>('select pg_backend_pid() as pid');
      await terminate(rows[0]?.pid, 'pg_backend_pid');
      await until(
        () =>
          held.query('select 1').then(
            () => false,
            () => true,
          ),
        { describe: 'the connection to be lost' },
      );
      // Given back as whole, it is used by nobody all the same.
      for (const client of new Set([first, held])) client.release();
      const [next] = await fresh.query<{ pid: number }>('select pg_backend_pid() as pid');
      expect(next?.pid).not.toBe(rows[0]?.pid);
    },
  );

  it('by a plan that no longer fits is planned anew the next time', async () => {
    await database.query('create temporary table changing (a int)');
    const read = () => database.prepared('read-changing', 'select * from changing');
    expect(await read()).toEqual([]);
    await database.query('alter table changing add column b int');
    await expect(read()).rejects.toMatchObject({ code: '0A000' });
    // The table was its connection's own, and went with it.
    await expect(read()).rejects.toMatchObject({ code: '42P01' });
  });
});
