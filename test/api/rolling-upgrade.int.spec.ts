import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LOG, type Problem, type RevocationPage } from '#libs/contracts';
import { until } from '#libs/testing';
import pg from 'pg';
import { RunningApi } from './running-api.js';
import { UpdateListener } from './update-listener.js';

let api: RunningApi;

beforeAll(async () => {
  api = await RunningApi.start();
});
afterAll(() => api?.[Symbol.asyncDispose]());

async function asSuperuser<T extends object>(text: string, values: unknown[] = []): Promise<T[]> {
  const client = new pg.Client({ connectionString: api.database.url });
  await client.connect();
  try {
    await client.query('set session_replication_role = replica');
    return (await client.query<T>(text, values)).rows;
  } finally {
    await client.end();
  }
}

const sequenced = (sessionId: string) =>
  until(
    async () => {
      const text = 'select from ledger.entry where stream_id = $1';
      return (await asSuperuser(text, [`session:${sessionId}`])).length === 2;
    },
    { describe: 'the session’s events to be sequenced' },
  );

const feed = (cursor: string) =>
  api.call<RevocationPage & Problem>('GET', `/v1/revocations?cursor=${cursor}`, api.ownerHeaders);
const cursorAt = (position: number) => Buffer.from(`log:${position}`).toString('base64url');

describe('an instance that is older than an event of the log', () => {
  it('starts, passes the event on to its streams, and tells the end of a session in the feed', async () => {
    const session = await api.session();
    await api.owner.revokeSession(session.id);
    await sequenced(session.id);
    await asSuperuser('update ledger.event set schema_version = 2 where stream_id = $1', [`session:${session.id}`]);
    const older = await api.startAnother();
    const listener = new UpdateListener(older, () => api.ownerHeaders);
    listener.lastEventId = `${LOG}:0`;
    const ended = listener.listen();
    const heard = () => listener.events.filter(({ subject }) => subject === session.id).map(({ type }) => type);
    await until(() => heard().length === 2, { describe: 'the newer events to be heard' });
    listener.close();
    await ended;
    expect(heard()).toEqual(['ledger.session.created.v2', 'ledger.session.revoked.v2']);
    const { status, body } = await feed(cursorAt(0));
    expect([status, body.items]).toEqual([200, [expect.objectContaining({ sessionId: session.id, ended: true })]]);
  });
});

describe('the revocation feed after a restore', () => {
  it('refuses a cursor beyond the end of the log, so that a verifier begins anew', async () => {
    const session = await api.session();
    await api.owner.revokeSession(session.id);
    await sequenced(session.id);
    const { status, body } = await feed(cursorAt(1_000_000));
    expect([status, body.code]).toEqual([400, 'BAD_REQUEST']);
    expect((await feed(cursorAt(0))).status).toBe(200);
  });
});
