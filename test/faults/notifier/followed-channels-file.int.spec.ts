import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createLogger, loadConfig } from '#libs/platform';
import { createTestDatabase, startTestNats, testEnvironment, until } from '#libs/testing';
import { startNotifier } from '../../../apps/notifier/src/start-notifier.js';
import { NotifierFixture } from './notifier-fixture.js';
import { TEST_SEAL_KEY } from './test-seal-key.js';

describe('a channels file that is changed while the notifier runs', () => {
  it('takes effect without a restart; one that is wrong is told once, without its content, and changes nothing', async () => {
    await using nats = await startTestNats();
    const database = await createTestDatabase();
    await using fixture = await NotifierFixture.start({}, database);
    await fixture.notifier.close();
    const folder = mkdtempSync(join(testEnvironment().runDir, 'channels-'));
    const file = join(folder, 'channels.json');
    const hook = (name: string) => ({ type: 'webhook', name, config: { url: `https://${name}.example.test/in` } });
    writeFileSync(file, JSON.stringify([hook('first')]));
    const lines: string[] = [];
    const logger = createLogger({
      service: 'notifier',
      level: 'info',
      destination: { write: (line) => void lines.push(line) },
    });
    const config = loadConfig({
      DATABASE_URL: database.url,
      NATS_URL: nats.url,
      LEDGER_SEAL_KEY: TEST_SEAL_KEY,
      LEDGER_DATA_DIR: folder,
      LEDGER_CHANNELS_FILE: file,
    });
    const service = await startNotifier({ config, logger });
    try {
      const state = async (): Promise<string> =>
        (await fixture.channels.list())
          .map(({ name, enabled, version }) => `${name} ${enabled ? 'on' : 'off'} ${version}`)
          .sort()
          .join();
      const become = (wanted: string): Promise<unknown> =>
        until(async () => (await state()) === wanted || Promise.reject(new Error(await state())), { describe: wanted });
      const complaints = (): string[] => lines.filter((line) => line.includes('the channels file is wrong'));
      await become('first on 1');

      writeFileSync(file, JSON.stringify([hook('second')]));
      await become('first off 2,second on 1');

      const wrong = `[${JSON.stringify(hook('third'))}, {"type":"telegram","config":{"botToken": 7000000001:AAAA-secret`;
      writeFileSync(file, wrong);
      await until(() => complaints().length === 1, { describe: 'the complaint' });
      // Good JSON, but its second half cannot be applied: the first half is not either.
      const email = { smtpUrl: 'smtp://127.0.0.1', from: 'a@example.test', to: 'b@example.test' };
      writeFileSync(file, JSON.stringify([hook('third'), { type: 'email', name: 'second', config: email }]));
      await until(() => complaints().length === 2, { describe: 'the next complaint' });
      expect(complaints()[1]).toContain('channel second exists with type webhook');
      expect(lines.join('')).not.toContain('AAAA-secret');
      expect(await state()).toBe('first off 2,second on 1');

      writeFileSync(file, JSON.stringify([hook('second'), hook('first')]));
      await become('first on 3,second on 2');
      expect(complaints()).toHaveLength(2);
    } finally {
      await service.close();
    }
  });
});
