import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BY_OWNER, CuttingProxy, SmtpReceiver, TelegramStandIn, until, WebhookReceiver } from '#libs/testing';
import { NotifierFixture } from './notifier-fixture.js';

describe('a Telegram channel', () => {
  let fixture: NotifierFixture;
  let telegram: TelegramStandIn;
  beforeEach(async () => {
    fixture = await NotifierFixture.start();
    telegram = await TelegramStandIn.start();
  });
  afterEach(async () => {
    await fixture[Symbol.asyncDispose]();
    await telegram[Symbol.asyncDispose]();
  });

  const outcomes = async (): Promise<unknown[]> =>
    (await fixture.attempts()).map(({ outcome, reason }) => [outcome, reason]);
  const state = (status: string): Promise<unknown> =>
    until(async () => (await fixture.statuses())[status] === 1, { describe: `a delivery in state ${status}` });

  it('T1: told to wait is not called again inside the window, for any chat of the bot, while other channels go on', async () => {
    await using webhook = await WebhookReceiver.start();
    telegram.refuse((_, earlier) =>
      earlier === 0 ? { error_code: 429, description: 'Too Many Requests: retry after 10', retryAfter: 10 } : undefined,
    );
    await fixture.telegram(telegram.apiRoot);
    await fixture.takeIn((await fixture.warned()).event);
    await state('retry');
    await fixture.telegram(telegram.apiRoot, {}, 4712);
    await fixture.webhook(webhook.url);
    await fixture.takeIn((await fixture.warned()).event);
    await until(() => webhook.received.length === 1, { describe: 'the webhook' });
    await fixture.settled();
    const [refused, next] = telegram.calls.map(({ at }) => at);
    expect(next! - refused!).toBeGreaterThanOrEqual(9900);
    expect(webhook.received[0]!.receivedAt).toBeLessThan(next!);
    expect(telegram.messages).toHaveLength(3);
  });

  it('T1: told to wait an hour waits, and the deadline still ends it', async () => {
    telegram.refuse(() => ({ error_code: 429, description: 'Too Many Requests: retry after 3600', retryAfter: 3600 }));
    await fixture.telegram(telegram.apiRoot);
    await fixture.takeIn((await fixture.warned()).event);
    await state('retry');
    const [gate] = await fixture.database.query<{ pause: number }>(
      'select extract(epoch from paused_until - clock_timestamp())::float8 as pause from deliveries.gate where paused_until is not null',
    );
    expect(gate!.pause).toBeGreaterThan(3590);
    await fixture.database.query(
      "update deliveries.delivery set deadline = clock_timestamp() + interval '300 milliseconds'",
    );
    expect(await fixture.settled()).toEqual({ dead: 1 });
    expect(telegram.calls).toHaveLength(1);
  });

  it.each(['Forbidden: bot was blocked by the user', 'Forbidden: user is deactivated'])(
    'T2: %s: the recipient is left alone and the owner told by mail',
    async (description) => {
      await using smtp = await SmtpReceiver.start();
      telegram.refuse(() => ({ error_code: 403, description }));
      const id = await fixture.telegram(telegram.apiRoot);
      await fixture.email(smtp.url, { events: ['SessionRevoked'] });
      await fixture.takeIn((await fixture.warned()).event);
      await until(() => smtp.received.length === 1, { describe: 'the mail' });
      expect(smtp.received[0]!.mail.text).toContain(description);
      expect((await fixture.channels.get(id)).stoppedReason).toContain(description);
      await fixture.hurry();
      await fixture.takeIn((await fixture.warned()).event);
      await fixture.hurry();
      expect(telegram.calls).toHaveLength(1);
    },
  );

  it('T2: a bot whose token is revoked while it runs stops, the owner hears of it by mail, and it goes on with a new one', async () => {
    await using smtp = await SmtpReceiver.start();
    let revoked = false;
    telegram.refuse(() => (revoked ? { error_code: 401, description: 'Unauthorized' } : undefined));
    const id = await fixture.telegram(telegram.apiRoot);
    await fixture.email(smtp.url, { events: ['SessionRevoked'] });
    await fixture.takeIn((await fixture.warned()).event);
    expect(await fixture.settled()).toEqual({ delivered: 1 });
    revoked = true;
    await fixture.takeIn((await fixture.warned()).event);
    await until(() => smtp.received.length === 1, { describe: 'the mail' });
    expect(smtp.received[0]!.mail.text).not.toContain('AAAAAAA');
    expect(smtp.received[0]!.mail.text).toContain('Give it valid credentials');
    revoked = false;
    await fixture.hurry();
    const config = { botToken: `7000000001:${'B'.repeat(35)}`, chatId: 4711, apiRoot: telegram.apiRoot };
    await fixture.channels.update(id, {}, BY_OWNER, { type: 'telegram', config });
    expect(await fixture.settled()).toEqual({ delivered: 3 });
    expect(telegram.messages).toHaveLength(2);
  });

  it('T2: a group that moved is written to under its new id', async () => {
    fixture.holdRetries();
    telegram.refuse((call) =>
      call.parameters['chat_id'] === -100
        ? { error_code: 400, description: 'Bad Request: group chat was upgraded to a supergroup chat', migrateTo: -200 }
        : undefined,
    );
    await fixture.telegram(telegram.apiRoot, {}, -100);
    await fixture.takeIn((await fixture.warned()).event);
    await state('retry');
    await fixture.hurry();
    expect(await fixture.settled()).toEqual({ delivered: 1 });
    expect(telegram.messages[0]!.chatId).toBe('-200');
  });

  it('T3: formatting that is refused goes out once as plain text', async () => {
    telegram.refuse((call) =>
      (call.parameters['entities'] as unknown[] | undefined)?.length
        ? { error_code: 400, description: "Bad Request: can't parse entities: wrong offset" }
        : undefined,
    );
    await fixture.telegram(telegram.apiRoot);
    await fixture.takeIn((await fixture.warned()).event);
    expect(await fixture.settled()).toEqual({ delivered: 1 });
    expect(telegram.calls).toHaveLength(2);
    expect((await fixture.attempts())[0]!.detail).toMatch(/plain text/);
  });

  it('T4: accepted and then cut is unknown: one labelled repeat at most', async () => {
    fixture.holdRetries();
    await using proxy = await CuttingProxy.start(telegram.port);
    proxy.cut = 'answer';
    await fixture.telegram(`http://127.0.0.1:${proxy.port}`);
    await fixture.takeIn((await fixture.warned()).event);
    await state('unknown');
    expect(await outcomes()).toEqual([['unknown', 'connection_lost']]);
    expect(telegram.messages).toHaveLength(1);
    proxy.cut = 'nothing';
    await fixture.hurry();
    expect(await fixture.settled()).toEqual({ delivered: 1 });
    expect(telegram.messages).toHaveLength(2);
    expect(telegram.messages[0]!.text).not.toMatch(/possible repeat/);
    expect(telegram.messages[1]!.text).toMatch(/^\(possible repeat\) /);
  });

  it('T4: a bot that cannot be reached at all is no unknown: nothing was sent', async () => {
    fixture.holdRetries();
    // A port that nobody is given by chance.
    await fixture.telegram('http://127.0.0.1:9');
    await fixture.takeIn((await fixture.warned()).event);
    await state('retry');
    expect(await outcomes()).toEqual([['failed', 'connect']]);
  });

  it('T4: a call that gets no answer is unknown, not failed: one labelled repeat at most', async () => {
    fixture.holdRetries();
    await using proxy = await CuttingProxy.start(telegram.port);
    proxy.cut = 'answer-silently';
    await fixture.telegram(`http://127.0.0.1:${proxy.port}`);
    await fixture.takeIn((await fixture.warned()).event);
    await until(async () => (await fixture.statuses())['unknown'] === 1, { describe: 'the cut' });
    expect(telegram.messages).toHaveLength(1);
    proxy.cut = 'nothing';
    await fixture.hurry();
    expect(await fixture.settled()).toEqual({ delivered: 1 });
    expect(telegram.messages.map(({ text }) => text.startsWith('(possible repeat) '))).toEqual([false, true]);
  });
});
