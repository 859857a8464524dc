import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { CloudEvent, List } from '#libs/contracts';
import { until } from '#libs/testing';
import { RunningApi } from './running-api.js';

let api: RunningApi;

beforeAll(async () => {
  api = await RunningApi.start();
});
afterAll(() => api?.[Symbol.asyncDispose]());

const webhook = (name: string) => ({ type: 'webhook', name, config: { url: 'https://hooks.example.com/ledger' } });

/** What the owner did to channels and silences, oldest first. */
async function recorded(ids: string[], count: number): Promise<[type: string, data: unknown][]> {
  const own = await until(
    async () => {
      const { body } = await api.call<List<CloudEvent>>('GET', '/v1/audit?actor=owner&limit=200', api.ownerHeaders);
      const found = body.items.filter(({ data }) => ids.includes(String(data['channelId'] ?? data['silenceId'])));
      return found.length >= count ? found : null;
    },
    { describe: `${count} events` },
  );
  return own.reverse().map(({ type, data }) => [type, data]);
}

describe('a change of who is alerted', () => {
  it('stands in the ledger with its author: channels', async () => {
    const owner = api.ownerHeaders;
    const { body: channel } = await api.call<{ id: string }>('POST', '/v1/channels', owner, webhook('operations'));
    const path = `/v1/channels/${channel.id}`;
    await api.call('PATCH', path, owner, { minLevel: 'CRITICAL', enabled: false });
    await api.call('POST', `${path}/rotate-secret`, owner);
    expect((await api.call('DELETE', path, owner)).status).toBe(204);
    expect((await api.call('DELETE', path, owner)).status).toBe(404);
    expect(await recorded([channel.id], 4)).toEqual([
      ['ledger.system.channel_added.v1', { channelId: channel.id, channelType: 'webhook', enabled: true }],
      ['ledger.system.channel_changed.v1', { channelId: channel.id, changed: ['minLevel', 'enabled'], enabled: false }],
      ['ledger.system.channel_changed.v1', { channelId: channel.id, changed: ['config'] }],
      ['ledger.system.channel_removed.v1', { channelId: channel.id }],
    ]);
  });

  it('stands in the ledger with its author: silences', async () => {
    const owner = api.ownerHeaders;
    const { agentId } = await api.session();
    const wish = { agentId, duration: 3600, reason: 'planned work' };
    const { body: silence } = await api.call<{ id: string; mode: string }>('POST', '/v1/silences', owner, wish);
    expect((await api.call('DELETE', `/v1/silences/${silence.id}`, owner)).status).toBe(204);
    const { id: silenceId, mode } = silence;
    expect(await recorded([silence.id], 2)).toEqual([
      ['ledger.system.silence_set.v1', { silenceId, mode, agentId, duration: 3600, reason: 'planned work' }],
      ['ledger.system.silence_ended.v1', { silenceId }],
    ]);
  });

  it('happens with its event or not at all', async () => {
    const superuser = new pg.Client({ connectionString: api.database.url });
    await superuser.connect();
    await superuser.query(
      `create function public.refuse_channels() returns trigger language plpgsql as $$
       begin if new.type like 'Channel%' then raise exception 'no event'; end if; return new; end $$`,
    );
    await superuser.query(
      'create trigger refuse_channels before insert on ledger.event for each row execute function public.refuse_channels()',
    );
    const { status } = await api.call('POST', '/v1/channels', api.ownerHeaders, webhook('unrecorded'));
    await superuser.query('drop trigger refuse_channels on ledger.event');
    await superuser.end();
    expect(status).toBe(500);
    const { body } = await api.call<List<{ name: string }>>('GET', '/v1/channels', api.ownerHeaders);
    expect(body.items.map(({ name }) => name)).not.toContain('unrecorded');
  });
});
