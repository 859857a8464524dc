import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AgentView, agentStream, LOG } from '#libs/contracts';
import { Database } from '#libs/database';
import { createLedger, lastPosition } from '#libs/ledger';
import { until } from '#libs/testing';
import { bytesInUse } from './bytes-in-use.js';
import { bearer, RunningApi } from './running-api.js';
import { UpdateListener } from './update-listener.js';

/** Far more than an instance keeps in memory. */
const BATCHES = 5;
const EVENTS = 500;

let api: RunningApi;
let database: Database;
let mine: AgentView;
let other: AgentView;
let token: string | null;
let start: number;

beforeAll(async () => {
  api = await RunningApi.start();
  database = await Database.open({ url: api.database.url, applicationName: 'long resume', poolSize: 2 });
  const ledger = createLedger(database);
  mine = await api.agent();
  other = await api.agent();
  ({ token } = await api.session({ agentId: mine.id }));
  start = await sequenced();
  for (let batch = 0; batch < BATCHES; batch++) {
    for (const { id: agentId } of [mine, other]) {
      const events = Array.from({ length: EVENTS }, () => ({
        id: randomUUID(),
        time: Date.now(),
        type: 'AgentEnabled' as const,
        data: { agentId },
      }));
      await ledger.append({
        streams: [{ streamId: agentStream(agentId), expectedVersion: null, events }],
        actor: 'owner',
        requestId: 'long resume',
      });
    }
  }
  await until(async () => (await sequenced()) >= start + 2 * BATCHES * EVENTS, {
    describe: 'the log to be sequenced',
  });
});

afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  await api?.[Symbol.asyncDispose]();
});

/** Where the log stands when nothing waits any more. */
async function sequenced(): Promise<number> {
  return until(
    async () => {
      const { waiting } = await api.owner.status().then(({ log }) => log);
      return waiting === 0 && lastPosition(database);
    },
    { describe: 'the sequencer to be done' },
  );
}

async function positionsAfter(headers: Record<string, string>, count: number): Promise<number[]> {
  const listener = new UpdateListener(api.url, () => headers);
  listener.lastEventId = `${LOG}:${start}`;
  void listener.listen();
  await until(() => listener.events.length >= count, { describe: 'what was missed' });
  await until(() => listener.heard.some(({ event }) => event === 'heartbeat'), { describe: 'the stream to be live' });
  listener.close();
  expect(listener.heard.some(({ event }) => event === 'reset')).toBe(false);
  return listener.events.map(({ position }) => position);
}

describe('a stream that was away for thousands of events', () => {
  it('resumes without a reset, a hole or a repetition: an agent with its own events only', async () => {
    const positions = await positionsAfter(bearer(token), BATCHES * EVENTS);
    const rows = await database.query<{ position: number }>(
      `select e.position from ledger.entry e join ledger.event v using (stream_id, version)
       where e.position > $1 and v.stream_id = $2 order by 1`,
      [start, agentStream(mine.id)],
    );
    expect(positions).toEqual(rows.map(({ position }) => position));
  });

  it('resumes without a reset, a hole or a repetition: an owner with all of them', async () => {
    const positions = await positionsAfter(api.ownerHeaders, 2 * BATCHES * EVENTS);
    expect(positions).toEqual(positions.map((_, index) => start + 1 + index));
  });

  it('is read for a client that stops reading no further than the bounded buffer goes', async () => {
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    const before = await bytesInUse();
    socket.write(
      `GET /v1/updates HTTP/1.1\r\nHost: x\r\nX-Master-Password: ${api.ownerPassword}\r\nLast-Event-ID: ${LOG}:${start}\r\n\r\n`,
    );
    socket.pause();
    // Others are served meanwhile, as if it were not there.
    const positions = await positionsAfter(bearer(token), BATCHES * EVENTS);
    expect(positions).toHaveLength(BATCHES * EVENTS);
    expect((await bytesInUse()) - before).toBeLessThan(128 * 2 ** 20);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.resume();
    // It comes back to reading, and nothing is lost to it.
    await until(() => (text.match(/^id: /gm) ?? []).length >= 2 * BATCHES * EVENTS, {
      describe: 'the slow client to read all of it',
    });
    socket.destroy();
  });
});
