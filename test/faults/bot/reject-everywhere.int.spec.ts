import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openBots } from '../../../apps/notifier/src/bot/open-bots.js';
import { loadConfig } from '#libs/platform';
import { TelegramStandIn, testLogger, until } from '#libs/testing';
import { NotifierFixture } from '../notifier/notifier-fixture.js';

const CHATS = [4711, 4712] as const;

describe('[Reject] on one of several messages about a renewal', () => {
  let fixture: NotifierFixture;
  let telegram: TelegramStandIn;
  let other: TelegramStandIn;
  let bots: { close(): Promise<void> } | null = null;
  beforeEach(async () => {
    fixture = await NotifierFixture.start();
    telegram = await TelegramStandIn.start();
    other = await TelegramStandIn.start();
  });
  afterEach(async () => {
    await bots?.close();
    await fixture[Symbol.asyncDispose]();
    await telegram[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
  });

  function startBots(): void {
    const { database, ledger, box } = fixture;
    bots = openBots({
      config: loadConfig({}),
      database,
      ledger,
      box,
      logger: testLogger('bot'),
    });
  }

  it('takes the button out of all of them, in every chat and of every bot', async () => {
    const events: ['SessionRenewed'] = ['SessionRenewed'];
    for (const chat of CHATS) await fixture.telegram(telegram.apiRoot, { name: `chat ${chat}`, events }, chat);
    const config = { botToken: `7000000002:${'B'.repeat(35)}`, chatId: CHATS[0], apiRoot: other.apiRoot };
    await fixture.channel({ type: 'telegram', config }, { name: 'another bot', events });
    const session = await fixture.renew(await fixture.session({ issuedAgo: 400_000 }));
    await fixture.takeIn(await fixture.lastEvent(session.sessionId));
    expect(await fixture.settled()).toEqual({ delivered: 3 });
    const all = [...telegram.messages, ...other.messages];
    expect(all.map(({ replyMarkup }) => JSON.stringify(replyMarkup))).toEqual(
      all.map(() => expect.stringContaining(`reject:${session.sessionId}:1`)),
    );

    startBots();
    const pressed = telegram.messages.find(({ chatId }) => Number(chatId) === CHATS[0])!;
    telegram.press(CHATS[0], CHATS[0], pressed.messageId, `reject:${session.sessionId}:1`);
    await until(() => all.every(({ text }) => text.startsWith('Renewal rejected')), {
      describe: 'every message to say so',
    });
    expect(JSON.stringify(all.map(({ replyMarkup }) => replyMarkup))).not.toContain('reject:');
    const changes = [...telegram.calls, ...other.calls].filter(({ method }) => method === 'editMessageText');
    expect(changes).toHaveLength(3);
  });
});
