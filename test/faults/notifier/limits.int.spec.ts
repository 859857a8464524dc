import { EventEmitter, once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BY_OWNER, TelegramStandIn, until, WebhookReceiver } from '#libs/testing';
import { NotifierFixture } from './notifier-fixture.js';

describe('limits of a channel', () => {
  let fixture: NotifierFixture;
  beforeEach(async () => {
    fixture = await NotifierFixture.start();
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  /** Messages that Telegram lets through in any window of so many seconds. */
  const DOCUMENTED = [
    { gate: /^telegram:\d+$/, messages: 30, seconds: 1 },
    { gate: /^telegram:\d+:-?\d+$/, messages: 1, seconds: 1 },
    { gate: /^telegram:\d+:-?\d+ a minute$/, messages: 20, seconds: 60 },
  ];

  it('of Telegram are kept in every window: what a bucket holds and what flows in are within what is documented', () => {
    const { gates } = fixture.telegramSender('http://127.0.0.1:1');
    for (const { gate, messages, seconds } of DOCUMENTED) {
      const [only, ...others] = gates.filter(({ name }) => gate.test(name));
      expect(others).toEqual([]);
      // A window that is open at its end: what flows in at its very end belongs to the next.
      const most = Math.ceil(only!.capacity + only!.perSecond * seconds) - (only!.capacity === 1 ? 1 : 0);
      expect(most).toBeLessThanOrEqual(messages);
    }
  });

  it('30 messages a second to one bot: 60 chats get theirs no faster than the bot may send', async () => {
    await using telegram = await TelegramStandIn.start();
    for (let chat = 1; chat <= 60; chat++) await fixture.telegram(telegram.apiRoot, {}, chat);
    const { event } = await fixture.warned();
    const started = Date.now();
    await fixture.takeIn(event);
    await until(() => telegram.calls.length === 60, { describe: '60 messages' });
    for (const [index, { at }] of telegram.calls.entries()) {
      expect(at - started).toBeGreaterThanOrEqual(Math.max(0, ((index + 1 - 5) / 25) * 1000 - 20));
    }
    expect(new Set(telegram.messages.map(({ chatId }) => chatId)).size).toBe(60);
  });

  it('one message a second to a chat, and 20 a minute', async () => {
    await using telegram = await TelegramStandIn.start();
    // Four channels to one chat, so that nothing merges.
    for (let channel = 1; channel <= 4; channel++) await fixture.telegram(telegram.apiRoot, {}, -4711);
    const { event } = await fixture.warned();
    const started = Date.now();
    await fixture.takeIn(event);
    await until(() => telegram.calls.length === 4, { describe: 'four messages' });
    for (const [index, { at }] of telegram.calls.entries())
      expect(at - started).toBeGreaterThanOrEqual(index * 1000 - 20);
    await fixture.settled();
    // The minute's allowance is used up: one flows in every four seconds. Nobody is about to give a token back that was not needed.
    await fixture.notifier.close();
    const emptied = Date.now();
    await fixture.database.query(
      "update deliveries.gate set tokens = 0, refilled_at = clock_timestamp() where gate like '% a minute'",
    );
    const next = fixture.newNotifier({ metrics: fixture.freshMetrics() });
    next.start();
    await fixture.takeIn((await fixture.warned()).event);
    await until(() => telegram.calls.length >= 6, { describe: 'two more messages' });
    await next.close();
    expect(telegram.calls[4]!.at - emptied).toBeGreaterThanOrEqual(3980);
    expect(telegram.calls[5]!.at - emptied).toBeGreaterThanOrEqual(7980);
  });

  it('a chat that may not be written to just now uses up nothing of its bot', async () => {
    await using telegram = await TelegramStandIn.start();
    const busy = await fixture.telegram(telegram.apiRoot, {}, 1);
    await fixture.database.query(
      `insert into deliveries.gate (gate, tokens, paused_until)
       values ('telegram:7000000001:1', 0, clock_timestamp() + interval '1 hour')`,
    );
    await fixture.takeIn((await fixture.warned()).event);
    const webhook = await WebhookReceiver.start();
    await fixture.webhook(webhook.url, { events: ['SessionRevoked'] });
    const tokens = async (): Promise<number | undefined> =>
      (
        await fixture.database.query<{ tokens: number }>(
          "select tokens from deliveries.gate where gate = 'telegram:7000000001' and refilled_at > clock_timestamp() - interval '1 second'",
        )
      )[0]?.tokens;
    // It asks at every poll; the bot's tokens stay where they were.
    for (let seen = 0; seen < 5; seen++) {
      expect(await until(tokens, { describe: 'the chat’s claimer to ask' })).toBeGreaterThanOrEqual(4);
      await fixture.database.query("update deliveries.gate set refilled_at = refilled_at - interval '1 second'");
    }
    expect(telegram.calls).toHaveLength(0);
    expect(await fixture.statuses()).toEqual({ pending: 1 });
    await fixture.channels.delete(busy, BY_OWNER);
    await webhook[Symbol.asyncDispose]();
  });

  it('the breaker: after five failures in a row nothing goes out, then one at a time, and after a success all of it', async () => {
    fixture.holdRetries();
    await using broken = await WebhookReceiver.start();
    await using healthy = await WebhookReceiver.start();
    const far = new EventEmitter();
    const answer = once(far, 'answer');
    broken.respond((_, earlier) => (earlier < 5 ? { status: 500 } : earlier === 5 ? { after: answer } : {}));
    const { id } = await fixture.webhook(broken.url);
    await fixture.takeIn((await fixture.warned()).event);
    for (let failures = 1; failures < 5; failures++) {
      await until(async () => (await fixture.channels.get(id)).failures === failures, {
        describe: `${failures} failures`,
      });
      await fixture.hurry();
    }
    await until(async () => (await fixture.channels.get(id)).failures === 5, { describe: 'the fifth failure' });
    await fixture.webhook(healthy.url);

    const open =
      "update deliveries.channel set open_until = clock_timestamp() + interval '1 hour' where channel_id = $1";
    await fixture.database.query(open, [id]);
    for (let i = 0; i < 10; i++) await fixture.takeIn((await fixture.warned()).event);
    await until(() => healthy.received.length === 10, { describe: 'the healthy one' });
    expect(broken.received).toHaveLength(5);

    // Made before: the one that tries waits ten seconds for its answer, no longer.
    const more = [await fixture.warned(), await fixture.warned(), await fixture.warned()];
    await fixture.database.query('update deliveries.channel set open_until = clock_timestamp() where channel_id = $1', [
      id,
    ]);
    await until(() => broken.received.length === 6, { describe: 'the one that tries' });
    await fixture.takeIn(...more.map(({ event }) => event));
    await until(() => healthy.received.length === 13, { describe: 'the healthy one again' });
    expect(broken.received).toHaveLength(6);

    far.emit('answer');
    await fixture.hurry();
    await fixture.settled();
    expect(broken.received.length).toBe(5 + 14);
    expect((await fixture.channels.get(id)).failures).toBe(0);
  });
});
