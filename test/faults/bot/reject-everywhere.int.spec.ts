import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openBots } from '../../../apps/notifier/src/bot/open-bots.js';
import { loadConfig } from '#libs/platform';
import { type SentMessage, TelegramStandIn, testLogger, until } from '#libs/testing';
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

  /** The messages of three channels about one renewal. */
  async function renewed(): Promise<{ all: SentMessage[]; button: string }> {
    const events: ['SessionRenewed'] = ['SessionRenewed'];
    for (const chat of CHATS) await fixture.telegram(telegram.apiRoot, { name: `chat ${chat}`, events }, chat);
    const config = { botToken: `7000000002:${'B'.repeat(35)}`, chatId: CHATS[0], apiRoot: other.apiRoot };
    await fixture.channel({ type: 'telegram', config }, { name: 'another bot', events });
    const session = await fixture.renew(await fixture.session({ issuedAgo: 400_000 }));
    await fixture.takeIn(await fixture.lastEvent(session.sessionId));
    expect(await fixture.settled()).toEqual({ delivered: 3 });
    const all = [...telegram.messages, ...other.messages];
    const button = `reject:${session.sessionId}:1`;
    expect(all.map(({ replyMarkup }) => JSON.stringify(replyMarkup))).toEqual(
      all.map(() => expect.stringContaining(button)),
    );
    return { all, button };
  }

  async function pressAndSeeAllChanged({ all, button }: { all: SentMessage[]; button: string }): Promise<void> {
    startBots();
    const pressed = telegram.messages.find(({ chatId }) => Number(chatId) === CHATS[0])!;
    telegram.press(CHATS[0], CHATS[0], pressed.messageId, button);
    await until(() => all.every(({ text }) => text.startsWith('Renewal rejected')), {
      describe: 'every message to say so',
    });
    expect(JSON.stringify(all.map(({ replyMarkup }) => replyMarkup))).not.toContain('reject:');
  }

  it('takes the button out of all of them, in every chat and of every bot', async () => {
    await pressAndSeeAllChanged(await renewed());
    const changes = [...telegram.calls, ...other.calls].filter(({ method }) => method === 'editMessageText');
    expect(changes).toHaveLength(3);
  });

  it('does so too when the press comes again, because its answer failed after the session had ended', async () => {
    const messages = await renewed();
    let refused = false;
    telegram.refuse(({ method }) => {
      if (method !== 'answerCallbackQuery' || refused) return undefined;
      refused = true;
      return { error_code: 500, description: 'Internal Server Error' };
    });
    await pressAndSeeAllChanged(messages);
  });
});
