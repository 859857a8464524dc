import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { loadConfig } from '#libs/platform';
import {
  createTestDatabase,
  startTestNats,
  TelegramStandIn,
  testEnvironment,
  testLogger,
  until,
  WebhookReceiver,
} from '#libs/testing';
import { startNotifier } from '../../../apps/notifier/src/start-notifier.js';
import { startSequencer } from '../../../apps/sequencer/src/start-sequencer.js';
import { NotifierFixture } from './notifier-fixture.js';
import { TEST_SEAL_KEY } from './test-seal-key.js';

const BOTS = 12;
const CHAT = 4711;
const LONG = 150_000;

it(`two notifiers with the smallest pool and ${BOTS} bots read the log, sweep, deliver and answer; leases are held beside the pool`, async () => {
  await using nats = await startTestNats();
  const database = await createTestDatabase();
  await using fixture = await NotifierFixture.start({}, database);
  fixture.excuse('calls on record', 'the bots answer in the same chats');
  await fixture.notifier.close();
  const logger = testLogger('test');
  const config = loadConfig({
    DATABASE_URL: database.url,
    NATS_URL: nats.url,
    LEDGER_SEAL_KEY: TEST_SEAL_KEY,
    LEDGER_ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
    LEDGER_DATABASE_POOL: '2',
    LEDGER_SWEEP_INTERVAL: '0.2',
    LEDGER_DATA_DIR: mkdtempSync(join(testEnvironment().runDir, 'smallest-pool-')),
  });
  await using webhook = await WebhookReceiver.start();
  await fixture.webhook(webhook.url);
  const telegrams: TelegramStandIn[] = [];
  for (let n = 0; n < BOTS; n++) {
    const telegram = await TelegramStandIn.start();
    telegrams.push(telegram);
    const botToken = `70000000${10 + n}:${'A'.repeat(35)}`;
    // They hear commands only: an alert to each would be held up by the limits of Telegram.
    const config = { botToken, chatId: CHAT, apiRoot: telegram.apiRoot };
    await fixture.channel({ type: 'telegram', config }, { events: ['SessionRevoked'] });
  }
  const services = [await startSequencer({ config, logger })];
  for (let n = 0; n < 2; n++) services.push(await startNotifier({ config, logger }));

  for (const telegram of telegrams) telegram.say(CHAT, CHAT, '/help');
  await until(() => telegrams.every(({ messages }) => messages.length === 1), {
    describe: 'every bot',
    timeoutMs: LONG,
  });
  // One that the sweep announces, the log carries and the webhook is told of.
  const { sessionId } = await fixture.session({ issuedAgo: 540_000, maxRenewals: 0 });
  await until(() => webhook.received.some(({ body }) => body.includes(sessionId)), {
    describe: 'the alert',
    timeoutMs: LONG,
  });
  expect(webhook.received).toHaveLength(1);

  // Whichever notifier held the leases: the other one takes all of them over.
  await services.pop()!.close();
  for (const telegram of telegrams) telegram.say(CHAT, CHAT, '/help');
  await until(() => telegrams.every(({ messages }) => messages.length === 2), {
    describe: 'the heir',
    timeoutMs: LONG,
  });
  for (const service of services.reverse()) await service.close();
  for (const telegram of telegrams) await telegram[Symbol.asyncDispose]();
}, 600_000);
