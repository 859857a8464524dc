import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SecretBox } from '#libs/tokens';
import { Channels } from '#libs/deliveries';
import { BY_OWNER, SmtpReceiver, TelegramStandIn, until, WebhookReceiver } from '#libs/testing';
import { NotifierFixture } from './notifier-fixture.js';

describe('one channel', () => {
  let fixture: NotifierFixture;
  beforeEach(async () => {
    fixture = await NotifierFixture.start();
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  it('whose server answers with a NUL and half of a character harms no other', async () => {
    await using telegram = await TelegramStandIn.start();
    await using webhook = await WebhookReceiver.start();
    telegram.refuse(() => ({ error_code: 400, description: 'odd \u0000 words \ud800' }));
    await fixture.telegram(telegram.apiRoot, { name: 'odd' });
    await fixture.webhook(webhook.url);
    await fixture.takeIn((await fixture.warned()).event);
    await until(async () => (await fixture.statuses())['dead'] === 1, { describe: 'the refusal on record' });
    const [refused] = (await fixture.attempts()).filter(({ outcome }) => outcome === 'failed');
    expect(refused!.detail).toBe('Telegram: 400 odd   words  ');
    // The alert, and the news that one was given up elsewhere.
    await until(() => webhook.received.length === 2, { describe: 'both messages' });
    await fixture.takeIn((await fixture.warned()).event);
    await until(() => webhook.received.some(({ body }) => body.includes('"position":2')), {
      describe: 'the next alert',
    });
  });

  it('whose secrets were sealed with another key is stopped, and the owner is told through the others', async () => {
    await using smtp = await SmtpReceiver.start();
    const foreign = new Channels(fixture.database, SecretBox.open({ base64: Buffer.alloc(32, 9).toString('base64') }));
    const config = { url: 'https://hooks.example.test/', secret: `whsec_${Buffer.alloc(32).toString('base64')}` };
    const { channel } = await foreign.create(
      { name: 'sealed elsewhere', priority: 100, enabled: true },
      { type: 'webhook', config },
      BY_OWNER,
    );
    await fixture.email(smtp.url, { events: ['SessionRevoked'] });
    await fixture.takeIn((await fixture.warned()).event);
    const told = await until(() => smtp.received[0], { describe: 'the mail about the channel' });
    expect(told.mail.text).toMatch(/cannot be opened[\s\S]*sledger channel change/);
    expect((await fixture.channels.get(channel.id)).stoppedReason).toBe('its configuration cannot be opened');

    // Given anew, it takes what waited.
    await using webhook = await WebhookReceiver.start();
    await fixture.channels.update(channel.id, {}, BY_OWNER, {
      type: 'webhook',
      config: { ...config, url: webhook.url },
    });
    await until(() => webhook.received.length === 1, { describe: 'the alert that waited' });
  });
});
