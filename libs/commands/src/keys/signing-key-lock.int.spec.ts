import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Database, LOCKS } from '#libs/database';
import { createTestDatabase, type TestDatabase } from '#libs/testing';
import { withSigningKeyLock } from './signing-key-lock.js';

/** Longer than a transaction of ours may idle. */
const LONG_SECONDS = 6;

let testDatabase: TestDatabase;
let database: Database;
let another: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = await Database.open({ url: testDatabase.url, applicationName: 'key lock test', poolSize: 2 });
  another = await Database.open({ url: testDatabase.url, applicationName: 'key lock test 2', poolSize: 2 });
});
afterAll(async () => {
  await another?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
  await testDatabase?.[Symbol.asyncDispose]();
});

describe('the lock of the signing keys', () => {
  it('lets one work at a time, over all instances, and leaves the work a connection', async () => {
    let inside = 0;
    let most = 0;
    const work = (instance: Database) => () =>
      withSigningKeyLock(instance, async () => {
        most = Math.max(most, ++inside);
        await instance.query('select 1');
        inside--;
      });
    const instances = [database, another, database, another, database, another, database, another];
    await Promise.all(instances.map((instance) => work(instance)()));
    expect(most).toBe(1);
  });

  it(`is kept for work of ${LONG_SECONDS} s, and given back when the work fails`, async () => {
    const isFree = async () => {
      const text = 'select pg_try_advisory_xact_lock($1) as free';
      return (await another.query<{ free: boolean }>(text, [LOCKS.signingKeys]))[0]?.free;
    };
    await withSigningKeyLock(database, async () => {
      await database.query('select pg_sleep($1)', [LONG_SECONDS]);
      expect(await isFree()).toBe(false);
    });
    expect(await isFree()).toBe(true);
    await expect(withSigningKeyLock(database, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect(await isFree()).toBe(true);
  });
});
