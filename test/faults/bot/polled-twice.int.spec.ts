import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openBots } from '../../../apps/notifier/src/bot/open-bots.js';
import { createLogger, loadConfig } from '#libs/platform';
import { TelegramStandIn, until } from '#libs/testing';
import { NotifierFixture } from '../notifier/notifier-fixture.js';

const CHATS = [4711, 4712] as const;

describe('a bot that somebody else polls too', () => {
  let fixture: NotifierFixture;
  let telegram: TelegramStandIn;
  beforeEach(async () => {
    fixture = await NotifierFixture.start();
    telegram = await TelegramStandIn.start();
    for (const chat of CHATS) await fixture.telegram(telegram.apiRoot, { name: `chat ${chat}` }, chat);
  });
  afterEach(async () => {
    await fixture[Symbol.asyncDispose]();
    await telegram[Symbol.asyncDispose]();
  });

  /** Polls until Telegram refuses it, as a process does that starts or takes the bots over. What is to be told of it is queued. */
  async function pollOnce(): Promise<void> {
    const { database, ledger, box } = fixture;
    const lines: string[] = [];
    const destination = { write: (line: string) => void lines.push(line) };
    const logger = createLogger({ service: 'bot', level: 'warn', destination });
    const bots = openBots({ config: loadConfig({}), database, ledger, box, logger });
    await until(() => lines.some((line) => line.includes('terminated by other getUpdates request')), {
      describe: 'a refused poll',
    });
    await bots.close();
  }

  const told = () => telegram.messages.map(({ chatId }) => Number(chatId)).sort();

  it('is told once an hour, although the news of it arrives', async () => {
    telegram.refusePolls({
      error_code: 409,
      description: 'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running',
    });
    for (let poll = 0; poll < 3; poll++) {
      await pollOnce();
      await fixture.settled();
    }
    // Each of the two channels carries the news of the other.
    expect(told()).toEqual(CHATS);
    expect(telegram.messages[0]!.text).toContain('somebody else polls the same bot');
  });
});
