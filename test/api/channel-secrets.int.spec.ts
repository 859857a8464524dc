import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { type ChannelView, SYSTEM_STREAM } from '#libs/contracts';
import { Database } from '#libs/database';
import { Channels } from '#libs/deliveries';
import { loadConfig } from '#libs/platform';
import { until } from '#libs/testing';
import { SecretBox } from '#libs/tokens';
import { RunningApi, type Reply } from './running-api.js';

const NEW_URL = 'https://hooks.example.com/moved';

type Changed = Promise<Reply<ChannelView & { secret?: string }>>;

let api: RunningApi;
let database: Database;
let channels: Channels;
let blocker: pg.Client;

beforeAll(async () => {
  api = await RunningApi.start();
  database = await Database.open({ url: api.database.url, applicationName: 'channel secrets spec', poolSize: 1 });
  channels = new Channels(database, SecretBox.open(loadConfig({ LEDGER_DATA_DIR: api.dataDir }).sealKey));
  blocker = new pg.Client({ connectionString: api.database.url });
  await blocker.connect();
});
afterAll(async () => {
  await blocker?.end();
  await database?.[Symbol.asyncDispose]();
  await api?.[Symbol.asyncDispose]();
});

/** Lets the requests begin one after the other, and none of them write before all have come to their write. */
async function atOnce(requests: (() => Changed)[]): Promise<Awaited<Changed>[]> {
  const begun: Changed[] = [];
  await blocker.query('begin');
  await blocker.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [SYSTEM_STREAM]);
  for (const request of requests) {
    begun.push(request());
    await until(async () => (await waiting()) === begun.length, { describe: `${begun.length} requests to wait` });
  }
  await blocker.query('commit');
  return Promise.all(begun);
}

async function waiting(): Promise<number> {
  const { rows } = await blocker.query<{ n: number }>(
    `select count(*)::int as n from pg_locks where locktype = 'advisory' and not granted
     and database = (select oid from pg_database where datname = current_database())`,
  );
  return rows[0]?.n ?? 0;
}

async function webhook(name: string): Promise<{ id: string; patch: () => Changed; rotate: () => Changed }> {
  const body = { type: 'webhook', name, config: { url: 'https://hooks.example.com/ledger' } };
  const { id } = (await api.call<ChannelView>('POST', '/v1/channels', api.ownerHeaders, body)).body;
  const path = `/v1/channels/${id}`;
  return {
    id,
    patch: () => api.call('PATCH', path, api.ownerHeaders, { config: { url: NEW_URL } }),
    rotate: () => api.call('POST', `${path}/rotate-secret`, api.ownerHeaders),
  };
}

describe('changes of one webhook at the same time', () => {
  it('keep the secret that was answered, where its address is changed after it was rotated', async () => {
    const { id, patch, rotate } = await webhook('rotated first');
    const [rotated, patched] = await atOnce([rotate, patch]);
    expect([rotated?.status, patched?.status]).toEqual([200, 200]);
    expect((await channels.secrets(id)).config).toMatchObject({ url: NEW_URL, secret: rotated?.body.secret });
  });

  it('keep the address, where the secret is rotated after that was changed', async () => {
    const { id, patch, rotate } = await webhook('moved first');
    const [, rotated] = await atOnce([patch, rotate]);
    expect((await channels.secrets(id)).config).toMatchObject({ url: NEW_URL, secret: rotated?.body.secret });
  });

  it('keep each secret that was answered signing beside the next', async () => {
    const { id, rotate } = await webhook('rotated twice');
    const answers = await atOnce([rotate, rotate]);
    const { secret, previous } = (await channels.secrets(id)).config as {
      secret: string;
      previous: { secret: string };
    };
    const made = answers.map(({ body }) => body.secret);
    expect(made).toContain(secret);
    // Whoever answers after the other has written may be given the other's: never one that does not sign.
    expect([secret, previous.secret]).toEqual(expect.arrayContaining(made));
  });
});
