import { randomUUID } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { agentStream, LOG } from '#libs/contracts';
import { Database } from '#libs/database';
import { createLedger, lastPosition } from '#libs/ledger';
import { Standstill, until } from '#libs/testing';
import { bytesInUse } from './bytes-in-use.js';
import { RunningApi } from './running-api.js';
import { UpdateListener } from './update-listener.js';

const TIMEOUT_SECONDS = 2;
const EVENTS = 3_000;
const BATCH = 250;
/** Of each event: all of them are more than sockets and buffers of one connection hold. */
const PADDING_BYTES = 8_000;
const MEBIBYTE = 2 ** 20;
/** What one reader may keep in the process: a queue of 4 million characters, and a page or batch on its way there. */
const BOUND = 24 * MEBIBYTE;

let api: RunningApi;
let database: Database;
let agentId: string;
let start: number;
/** The server's ends of connections, by the client's port. */
const accepted = new Map<number, Socket>();
const onSocket = (message: unknown) => {
  const { socket } = message as { socket: Socket };
  accepted.set(socket.remotePort ?? 0, socket);
};

beforeAll(async () => {
  subscribe('net.server.socket', onSocket);
  api = await RunningApi.start({
    LEDGER_CONNECTION_TIMEOUT: String(TIMEOUT_SECONDS),
    LEDGER_UPDATES_HEARTBEAT: '0.2',
    LEDGER_RATE_LIMIT: '0',
  });
  database = await Database.open({ url: api.database.url, applicationName: 'stopped readers', poolSize: 2 });
  agentId = (await api.agent()).id;
  start = await until(() => lastPosition(database), { describe: 'the agent to be in the log' });
  const ledger = createLedger(database);
  for (let done = 0; done < EVENTS; done += BATCH) {
    const events = Array.from({ length: BATCH }, () => ({
      id: randomUUID(),
      time: Date.now(),
      type: 'AgentDefaultsChanged' as const,
      data: { agentId, defaultConstraints: { allowedOperations: ['x'.repeat(PADDING_BYTES)] } },
    }));
    await ledger.append({
      streams: [{ streamId: agentStream(agentId), expectedVersion: null, events }],
      actor: 'owner',
      requestId: 'stopped readers',
    });
  }
  await until(async () => (await lastPosition(database)) >= start + EVENTS, {
    describe: 'the log to be sequenced',
  });
  await until(async () => (await api.owner.auditPage({ agentId, limit: '1' })).items[0]?.streamversion === EVENTS + 1, {
    describe: 'the search to have all events',
  });
});
afterAll(async () => {
  unsubscribe('net.server.socket', onSocket);
  await database?.[Symbol.asyncDispose]();
  await api?.[Symbol.asyncDispose]();
});

/** A request whose answer is never read. `server` is the other end of its connection. */
async function unread(path: string, headers: string[] = []): Promise<{ client: Socket; server: Socket }> {
  const { hostname, port } = new URL(api.url);
  const client = connect(Number(port), hostname);
  client.on('error', () => undefined).pause();
  const lines = [`GET ${path} HTTP/1.1`, 'Host: x', `X-Master-Password: ${api.ownerPassword}`, ...headers];
  await new Promise<void>((resolve) => client.write(`${lines.join('\r\n')}\r\n\r\n`, () => resolve()));
  const { port: own } = client.address() as AddressInfo;
  const server = await until(() => accepted.get(own), { describe: 'the server to accept the connection' });
  return { client, server };
}

/** Whole milliseconds from the moment when nothing more could be sent until the server had dropped the connection. */
async function droppedAfter(server: Socket): Promise<number> {
  using standstill = new Standstill();
  const closed = new Promise<number>((resolve) => server.once('close', () => resolve(performance.now())));
  let sent = -1;
  let since = performance.now();
  const watch = setInterval(() => {
    if (server.bytesWritten === sent) return;
    sent = server.bytesWritten;
    since = performance.now();
  }, 20);
  const at = await closed.finally(() => clearInterval(watch));
  // What is seen late of the last byte is no shorter silence.
  return Math.round(at - since + standstill.ms);
}

/** Resolves once nothing goes to the reader for a while, or it was dropped: until then a batch is on its way, as to any reader. */
async function standing(server: Socket): Promise<void> {
  let sent = -1;
  let since = 0;
  const stands = () => {
    if (server.bytesWritten !== sent) [sent, since] = [server.bytesWritten, performance.now()];
    return server.destroyed || performance.now() - since > TIMEOUT_SECONDS * 250;
  };
  await until(stands, { describe: 'the answer to stand still' });
}

/** Others go on while a reader stands still: requests are answered, another stream hears what happens. */
async function othersAreServed(): Promise<void> {
  const served = async () => {
    const listener = new UpdateListener(api.url, () => api.ownerHeaders);
    listener.listen().catch(() => undefined);
    const heard = (describe: string, sign: () => boolean) => until(sign, { describe, timeoutMs: 20_000 });
    await heard('a stream that stands', () => listener.heard.some(({ event }) => event === 'heartbeat'));
    const { id } = await api.agent();
    await heard('its news', () => listener.events.some(({ subject }) => subject === id));
    listener.close();
    return (await api.call('GET', '/v1/status', api.ownerHeaders)).status === 200;
  };
  // Where the machine stands still for as long as a reader may, everybody is dropped, and comes back as any client does.
  await until(served, { describe: 'others to be served' });
}

describe(`a reader that has stopped reading for ${TIMEOUT_SECONDS} seconds`, () => {
  it.each([
    ['the update stream', '/v1/updates', () => [`Last-Event-ID: ${LOG}:${start}`]],
    ['an export of events', '/v1/audit/export', () => []],
    ['an export of the whole log', '/v1/audit/log', () => []],
  ])('is dropped by %s, has cost little memory, and disturbs nobody', async (_, path, headers) => {
    const before = await bytesInUse();
    const { client, server } = await unread(path, headers());
    const dropped = droppedAfter(server);
    await othersAreServed();
    await standing(server);
    const grown = (await bytesInUse()) - before;
    const silence = await dropped;
    client.destroy();
    expect(grown).toBeLessThan(BOUND);
    expect(server.bytesWritten).toBeGreaterThan(0);
    expect(server.bytesWritten).toBeLessThan(EVENTS * PADDING_BYTES);
    // Not before its time: what is seen of the last byte may be late itself.
    expect(silence).toBeGreaterThan(TIMEOUT_SECONDS * 500);
    expect(await open()).toEqual([]);
  });

  it('takes up its stream again where it had come to', async () => {
    const listener = new UpdateListener(api.url, () => api.ownerHeaders);
    listener.lastEventId = `${LOG}:${start + EVENTS - 10}`;
    void listener.listen();
    await until(() => listener.events.length >= 10, { describe: 'the last ten events' });
    expect(listener.events[0]?.position).toBe(start + EVENTS - 9);
    listener.close();
  });
});

/** Transactions that were open while the reader stood still; others begin and end all the time. */
async function open(): Promise<unknown[]> {
  // Who is no superuser does not see what other connections do.
  const superuser = new pg.Client({ connectionString: api.database.url });
  await superuser.connect();
  const { rows } = await superuser.query(
    `select query from pg_stat_activity where state like 'idle in transaction%' and datname = current_database()
       and state_change < clock_timestamp() - interval '1 second'`,
  );
  await superuser.end();
  return rows;
}
