import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChannelView, Problem } from '#libs/contracts';
import { CliHome } from '../e2e/cli/cli-fixture.js';
import { RunningApi } from './running-api.js';

const SEOUL = { from: '22:00', to: '07:00', timeZone: 'Asia/Seoul' };
const HOOK = { type: 'webhook', config: { url: 'https://hooks.example.com/ledger' } };

let api: RunningApi;
let cli: CliHome;
let env: Record<string, string>;
beforeAll(async () => {
  api = await RunningApi.start();
  cli = new CliHome();
  env = { LEDGER_BASE_URL: api.url, LEDGER_OWNER_KEY_FILE: join(api.dataDir, 'owner-key') };
});
afterAll(() => api?.[Symbol.asyncDispose]());

const create = <T>(body: object) => api.call<T>('POST', '/v1/channels', api.ownerHeaders, { ...HOOK, ...body });
const change = <T>(id: string, body: object) => api.call<T>('PATCH', `/v1/channels/${id}`, api.ownerHeaders, body);
const show = async (id: string) => (await api.call<ChannelView>('GET', `/v1/channels/${id}`, api.ownerHeaders)).body;

describe('quiet hours and language over HTTP', () => {
  it('are set, shown, changed each for itself and taken away', async () => {
    const made = await create<ChannelView>({ name: 'night', language: 'ko', quietHours: SEOUL });
    expect([made.status, made.body.language, made.body.quietHours]).toEqual([201, 'ko', SEOUL]);
    const { id } = made.body;
    expect(await show(id)).toMatchObject({ language: 'ko', quietHours: SEOUL });

    const later = { ...SEOUL, from: '23:30' };
    expect((await change<ChannelView>(id, { quietHours: later })).body).toMatchObject({
      language: 'ko',
      quietHours: later,
    });
    expect((await change<ChannelView>(id, { language: 'en' })).body).toMatchObject({
      language: 'en',
      quietHours: later,
    });
    expect((await change<ChannelView>(id, { quietHours: null })).body.quietHours).toBeNull();
    expect(await show(id)).toMatchObject({ language: 'en', quietHours: null });
  });

  it('are English and none where nothing is said', async () => {
    expect((await create<ChannelView>({ name: 'plain' })).body).toMatchObject({ language: 'en', quietHours: null });
  });

  it.each([
    ['a time zone that is none', { quietHours: { ...SEOUL, timeZone: 'Asia/Nowhere' } }, 'quietHours.timeZone'],
    ['an hour that is none', { quietHours: { ...SEOUL, to: '24:00' } }, 'quietHours.to'],
    ['a span of nothing', { quietHours: { ...SEOUL, to: '22:00' } }, 'quietHours'],
    ['a span without a zone', { quietHours: { from: '22:00', to: '07:00' } }, 'quietHours.timeZone'],
    ['a language that is not spoken', { language: 'tlh' }, 'language'],
  ])('refuse %s, when made and when changed, and name the field', async (what, wrong, field) => {
    const { id } = (await create<ChannelView>({ name: `right before ${what}` })).body;
    for (const { status, body } of [
      await create<Problem>({ name: what, ...wrong }),
      await change<Problem>(id, wrong),
    ]) {
      expect([status, body.code]).toEqual([400, 'BAD_REQUEST']);
      expect((body as unknown as { errors: { path: string }[] }).errors.map(({ path }) => path)).toContain(field);
    }
    expect(await show(id)).toMatchObject({ language: 'en', quietHours: null });
  });
});

describe('quiet hours and language from the command line', () => {
  const add = (...args: string[]) =>
    cli.runWith({ env }, 'channel', 'add', 'webhook', ...args, '--url', 'https://hooks.example.com/ledger');

  it('come as options, and the channel has them', async () => {
    const options = ['--language', 'ko', '--quiet-hours', '22:00-07:00', '--time-zone', 'Asia/Seoul'];
    const added = await add('from-cli', ...options, '--output', 'json');
    expect(added).toMatchObject({ exit: 0, stderr: '' });
    expect(await show((added.json as ChannelView).id)).toMatchObject({ language: 'ko', quietHours: SEOUL });
  });

  it('are refused in one line that names the option or the field', async () => {
    const zone = await add('bad-zone', '--quiet-hours', '22:00-07:00', '--time-zone', 'Asia/Nowhere');
    expect(zone.exit).toBe(1);
    expect(zone.stderr).toContain('quietHours.timeZone');
    const span = await add('bad-span', '--quiet-hours', '22:00');
    expect(span.exit).toBe(1);
    expect(span.stderr).toContain('--quiet-hours');
    const { items } = (await api.call<{ items: ChannelView[] }>('GET', '/v1/channels', api.ownerHeaders)).body;
    expect(items.map(({ name }) => name)).not.toEqual(expect.arrayContaining(['bad-zone']));
  });
});
