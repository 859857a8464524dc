import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { agentStream } from '#libs/contracts';
import { Database } from '#libs/database';
import { createTestDatabase, type TestDatabase, until } from '#libs/testing';
import { createLedger } from './index.js';

let place: TestDatabase;
let database: Database;
let owner: pg.Client;

beforeAll(async () => {
  place = await createTestDatabase();
  database = await Database.open({ url: place.url, applicationName: 'immutable spec' });
  owner = new pg.Client({ connectionString: place.url });
  await owner.connect();
  const agentId = randomUUID();
  const event = { id: randomUUID(), time: Date.now(), type: 'AgentEnabled' as const, data: { agentId } };
  const streams = [{ streamId: agentStream(agentId), expectedVersion: 0, events: [event] }];
  await createLedger(database).append({ streams, actor: 'owner', requestId: 'r' });
  // Triggers for each row need a row. The event gets its position once every transaction before it has ended, in other databases too.
  await until(async () => (await database.query('select * from ledger.sequence($1, 10)', ['main'])).length > 0, {
    describe: 'an entry of the log',
  });
  await database.query(`insert into ledger.subtree values ('main', 1, 0, sha256('x'))`);
  await database.query(`insert into ledger.checkpoint values ('main', 1, sha256('x'), now(), 'note')`);
});

afterAll(async () => {
  await owner.end();
  await database[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

describe('the application role', () => {
  it.each([
    'insert into ledger.event overriding system value select * from ledger.event',
    'update ledger.event set payload = payload',
    'delete from ledger.event',
    'truncate ledger.event',
    'update ledger.stream set version = 0',
    'update ledger.session_head set version = 0',
    'insert into ledger.entry select * from ledger.entry',
    'delete from ledger.entry',
    'update ledger.sequencer set position = 0',
    'update ledger.log set epoch = 9',
    'update ledger.checkpoint set note = note',
    'delete from ledger.checkpoint',
    'update ledger.subtree set hash = hash',
    'delete from ledger.subtree',
    'update ledger.kill_switch set active = true',
    'delete from ledger.receipt',
    'create table ledger.mine (n int)',
  ])('may not: %s', async (statement) => {
    await expect(database.query(statement)).rejects.toMatchObject({ code: '42501' });
  });
});

describe('even the owner of the tables', () => {
  it.each([
    'update ledger.event set payload = payload',
    'delete from ledger.event',
    'truncate ledger.event',
    'update ledger.entry set version = version',
    'delete from ledger.entry',
    'truncate ledger.entry',
    'update ledger.checkpoint set note = note',
    'delete from ledger.checkpoint',
    'update ledger.subtree set hash = hash',
    'delete from ledger.subtree',
    'truncate ledger.stream',
    'truncate ledger.checkpoint',
    'truncate ledger.subtree',
  ])('is refused: %s', async (statement) => {
    await expect(owner.query(statement)).rejects.toMatchObject({ code: 'LG009' });
  });
});
