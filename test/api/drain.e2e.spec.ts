import { mkdtempSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { OwnerClient } from '#libs/client';
import type { SessionWithToken } from '#libs/contracts';
import {
  createTestDatabase,
  type RunningProcess,
  startProcess,
  startTestNats,
  type TestDatabase,
  type TestNats,
  until,
} from '#libs/testing';
import { age } from './aged-session.js';
import { KeptConnection, type KeptAnswer } from './kept-connection.js';
import { bearer } from './running-api.js';

const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'apps', 'api', 'src', 'main.js');
const READY = /"url":"(http:[^"]+)"[^\n]*api is ready/;
const OF_EACH = 4;
const JUST_SENT = 60;

function isListening(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

function statuses(answers: readonly KeptAnswer[]): (number | string)[] {
  return answers.map(({ status }) => status);
}

function startApi(database: TestDatabase, nats: TestNats, dataDir: string): Promise<RunningProcess> {
  return startProcess(process.execPath, {
    args: [MAIN],
    env: {
      LEDGER_DATA_DIR: dataDir,
      DATABASE_URL: database.url,
      NATS_URL: nats.url,
      LEDGER_PORT: '0',
      LEDGER_RATE_LIMIT: '0',
      LEDGER_ADDRESS_RATE_LIMIT: '0',
      LEDGER_DATABASE_POOL: '20',
      // What waits here is to end well, however long it waits.
      LEDGER_REQUEST_DEADLINE: '120',
    },
  });
}

describe('SIGTERM', () => {
  it('lets every accepted create, renewal and read end well, those in the database and those that were just sent', async () => {
    await using database = await createTestDatabase();
    await using nats = await startTestNats();
    const dataDir = mkdtempSync(join(tmpdir(), 'drain-'));
    await using api = await startApi(database, nats, dataDir);
    const url = (await api.waitFor(READY))[1] as string;
    const credential = readFileSync(join(dataDir, 'owner-key'), 'utf8').trim();
    const owner = new OwnerClient({ baseUrl: url, credential });
    const asOwner = { 'x-master-password': credential };
    const { id: agentId } = await owner.createAgent({ name: 'courier' });
    const held: SessionWithToken[] = [];
    for (let count = 0; count < OF_EACH; count += 1) {
      const session = await owner.createSession({ agentId, supersede: false });
      await age({ database }, session.id);
      held.push(session);
    }
    const connections = await Promise.all(
      Array.from({ length: 3 * OF_EACH + JUST_SENT }, () => KeptConnection.open(url)),
    );
    const next = () => connections.pop() as KeptConnection;
    const all = [...connections];

    // All that follows needs the heads, which somebody else holds.
    const blocker = new pg.Client({ connectionString: database.url });
    // Where the test fails it is cut off with the database.
    blocker.on('error', () => undefined);
    await blocker.connect();
    await blocker.query('begin; lock table ledger.session_head in access exclusive mode');
    const create = () => next().send('POST', '/v1/sessions', asOwner, { agentId, supersede: false });
    const creates = held.map(create);
    const renewals = held.map(({ id, token }) => next().send('PUT', `/v1/sessions/${id}/renew`, bearer(token)));
    const reads = held.map(({ token }) => next().send('GET', '/v1/session', bearer(token)));
    const early: KeptAnswer[] = [];
    for (const { answer } of [...creates, ...renewals, ...reads]) void answer.then((one) => early.push(one));
    const isWaiting = async () => {
      if (early.length > 0) throw new Error(`answered already: ${statuses(early).join()}`);
      const { rows } = await blocker.query<{ waits: number }>(
        `select count(*)::int as waits from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
      );
      // What comes together is read together: one query for the tokens, one for the agent.
      return (rows[0]?.waits ?? 0) >= 2;
    };
    await Promise.all([...creates, ...renewals, ...reads].map(({ sent }) => sent));
    await until(isWaiting, { describe: 'the requests to wait in the database' });
    // The api has read all of them: what came after them is answered.
    for (const connection of connections.slice(0, 2)) await connection.send('GET', '/health/live', {}).answer;

    // What the operating system has before the signal is accepted too. The api finds both at once when it wakes.
    api.signal('SIGSTOP');
    const justSent = Array.from({ length: JUST_SENT }, (_, index) =>
      index % 2 === 0 ? create() : next().send('GET', `/v1/sessions/${held[0]?.id}`, asOwner),
    );
    await Promise.all(justSent.map(({ sent }) => sent));
    api.signal('SIGTERM');
    api.signal('SIGCONT');
    await api.waitFor(/stopping api/);
    await until(async () => !(await isListening(url)), { describe: 'the api to take no more connections' });
    await blocker.query('rollback');

    const answersOf = (calls: { answer: Promise<KeptAnswer> }[]) => Promise.all(calls.map(({ answer }) => answer));
    const created = await answersOf(creates);
    const renewed = await answersOf(renewals);
    const just = await answersOf(justSent);
    expect(statuses(created)).toEqual(creates.map(() => 201));
    expect(statuses(renewed)).toEqual(renewals.map(() => 200));
    expect(statuses(await answersOf(reads))).toEqual(reads.map(() => 200));
    expect(statuses(just)).toEqual(justSent.map((_, index) => (index % 2 === 0 ? 201 : 200)));
    expect(await api.exited).toEqual({ code: 0, signal: null });
    for (const connection of all) connection.close();

    // Each answer is true: what was told is in the ledger, once.
    const told = [...created, ...just.filter((_, index) => index % 2 === 0)];
    const ids = told.map(({ text }) => (JSON.parse(text) as SessionWithToken).id);
    const { rows } = await blocker.query<{ type: string; count: number }>(
      `select type, count(*)::int from ledger.event where type in ('SessionCreated', 'SessionRenewed') group by type order by type`,
    );
    await blocker.end();
    expect(new Set(ids).size).toBe(told.length);
    expect(rows).toEqual([
      { type: 'SessionCreated', count: held.length + told.length },
      { type: 'SessionRenewed', count: held.length },
    ]);
  });
  it('waits for no connection that has brought no request', async () => {
    await using database = await createTestDatabase();
    await using nats = await startTestNats();
    await using api = await startApi(database, nats, mkdtempSync(join(tmpdir(), 'drain-')));
    const { hostname, port } = new URL((await api.waitFor(READY))[1] as string);
    const open = async (text: string): Promise<Socket> => {
      const socket = connect(Number(port), hostname).on('error', () => undefined);
      await once(socket, 'connect');
      if (text !== '') socket.write(text);
      return socket;
    };
    const sockets = [await open(''), await open('GET /health/live HTTP/1.1\r\nHost: ledger.example\r\n')];
    const closed = sockets.map((socket) => once(socket, 'close'));
    // Accepted by now, as those before it.
    expect((await fetch(`http://${hostname}:${port}/health/live`)).status).toBe(200);
    api.signal('SIGTERM');
    // A stop that something holds up is given up after a while, with code 1.
    expect(await api.exited).toEqual({ code: 0, signal: null });
    await Promise.all(closed);
  });
});
