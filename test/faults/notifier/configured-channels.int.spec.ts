import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { BY_OWNER, testLogger } from '#libs/testing';
import { configureChannels } from '../../../apps/notifier/src/configured-channels/configure-channels.js';
import { NotifierFixture } from './notifier-fixture.js';

describe('channels from a file', () => {
  it('are made once by notifiers that start together, changed by name, and turned off when they are gone from it', async () => {
    await using fixture = await NotifierFixture.start();
    const file = join(mkdtempSync(join(tmpdir(), 'channels-')), 'channels.json');
    const { database, box, channels } = fixture;
    const logger = testLogger('test');
    const apply = (content: unknown[]): Promise<void[]> => {
      writeFileSync(file, JSON.stringify(content));
      return Promise.all(
        [1, 2].map(() => configureChannels({ database, box, logger, file, allowedTargets: ['127.0.0.0/8'] })),
      );
    };
    const hook = { type: 'webhook', name: 'hook', config: { url: 'https://hooks.example.test/in' } };
    const mail = {
      type: 'email',
      name: 'mail',
      config: { smtpUrl: 'smtp://127.0.0.1', from: 'a@example.test', to: 'b@example.test' },
    };
    await apply([hook, mail]);
    const made = await channels.list();
    expect(made.map(({ name, source }) => [name, source]).sort()).toEqual([
      ['hook', 'configuration'],
      ['mail', 'configuration'],
    ]);
    const secretOf = async (): Promise<unknown> =>
      (await channels.secrets(made.find(({ name }) => name === 'hook')!.id)).config;
    const before = await secretOf();
    await apply([{ ...hook, minLevel: 'CRITICAL' }]);
    const after = await channels.list();
    expect(after.map(({ name, enabled, minLevel }) => [name, enabled, minLevel]).sort()).toEqual([
      ['hook', true, 'CRITICAL'],
      ['mail', false, 'INFO'],
    ]);
    expect(await secretOf()).toEqual(before);

    // A change over HTTP outlives a restart with the same file, and gives way to a new one.
    const { id } = after.find(({ name }) => name === 'hook')!;
    await channels.update(id, { minLevel: 'WARNING', priority: 7 }, BY_OWNER);
    await apply([{ ...hook, minLevel: 'CRITICAL' }]);
    expect(await channels.get(id)).toMatchObject({ minLevel: 'WARNING', priority: 7 });
    await apply([{ ...hook, minLevel: 'INFO' }]);
    expect(await channels.get(id)).toMatchObject({ minLevel: 'INFO', priority: 100 });
    await expect(apply([{ type: 'webhook', name: 'x', config: { url: 'nonsense' } }])).rejects.toThrow(/config/);
  });
});
