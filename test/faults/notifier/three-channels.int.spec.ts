import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { SmtpReceiver, TelegramStandIn, until, WebhookReceiver } from '#libs/testing';
import { NotifierFixture } from './notifier-fixture.js';

describe('the notifier', () => {
  let fixture: NotifierFixture;
  beforeEach(async () => {
    fixture = await NotifierFixture.start();
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  it('tells of a session that expires soon on all three channels, once', async () => {
    await using webhook = await WebhookReceiver.start();
    await using smtp = await SmtpReceiver.start();
    await using telegram = await TelegramStandIn.start();
    const { secret } = await fixture.webhook(webhook.url);
    await fixture.email(smtp.url);
    await fixture.telegram(telegram.apiRoot);

    const { session, event } = await fixture.warned();
    await fixture.takeIn(event);
    await fixture.takeIn(event);
    expect(await fixture.settled()).toEqual({ delivered: 3 });

    expect([webhook.received.length, smtp.received.length, telegram.messages.length]).toEqual([1, 1, 1]);
    const { body, headers } = webhook.received[0]!;
    new Webhook(secret).verify(body, headers as Record<string, string>);
    expect(JSON.parse(body)).toEqual(event);
    expect(telegram.messages[0]!.text).toContain(session.sessionId);
    expect(telegram.messages[0]!.text).toContain('2 renewals are left');
    expect(smtp.received[0]!.mail.subject).toBe('[Session Ledger] The session of trader expires soon');
  });

  it('sends a test through the real path to a channel that is turned on meanwhile', async () => {
    await using webhook = await WebhookReceiver.start();
    await fixture.webhook(webhook.url);
    const { event } = await fixture.warned();
    await fixture.takeIn(event);
    await until(() => webhook.received.length === 1, { describe: 'the alert' });
    expect(await fixture.settled()).toEqual({ delivered: 1 });
  });
});
