import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { QuietHours } from '#libs/contracts';
import { BY_OWNER, SmtpReceiver, TelegramStandIn, until, WebhookReceiver } from '#libs/testing';
import { NotifierFixture } from './notifier-fixture.js';

/** Quiet hours that began an hour ago and end in two hours. */
function quietNow(): QuietHours {
  const timeOfDay = (inHours: number) => new Date(Date.now() + inHours * 3_600_000).toISOString().slice(11, 16);
  return { from: timeOfDay(-1), to: timeOfDay(2), timeZone: 'UTC' };
}

describe('a channel', () => {
  let fixture: NotifierFixture;
  beforeEach(async () => {
    fixture = await NotifierFixture.start();
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  const deliveries = (): Promise<{ status: string; detail: string | null; postponed_by: string | null }[]> =>
    fixture.database.query('select status, detail, postponed_by from deliveries.delivery order by delivery_id');

  it('with quiet hours gets what can wait when they end, and at once what is critical or cannot wait', async () => {
    await using webhook = await WebhookReceiver.start();
    const { id } = await fixture.webhook(webhook.url);
    await fixture.channels.update(id, { quietHours: quietNow() }, BY_OWNER);
    const { event } = await fixture.warned();
    await fixture.takeIn(event);
    await until(async () => (await deliveries())[0]?.postponed_by, { describe: 'the alert to be put off' });
    expect(await deliveries()).toEqual([
      { status: 'pending', detail: expect.stringMatching(/^quiet hours until /), postponed_by: 'quiet_hours' },
    ]);

    const endsSoon = fixture.expiringSoon(await fixture.warnedSession(), {
      endsAt: new Date(Date.now() + 3_600_000).toISOString(),
    });
    await fixture.takeIn(endsSoon);
    const critical = fixture.cloudEvent({
      type: 'KillSwitchActivated',
      data: { revokeSessions: false, reason: 'drill' },
    });
    await fixture.takeIn(critical);
    await until(() => webhook.received.length === 2, { describe: 'the two that cannot wait' });
    const ids = () => webhook.received.map(({ body }) => (JSON.parse(body) as { id: string }).id);
    expect(new Set(ids())).toEqual(new Set([endsSoon.id, critical.id]));

    await fixture.channels.update(id, { quietHours: null }, BY_OWNER);
    expect(await fixture.settled()).toEqual({ delivered: 3 });
    expect(ids()[2]).toBe(event.id);
  });

  it('speaks the language that its owner reads, and another after a change', async () => {
    await using smtp = await SmtpReceiver.start();
    await using telegram = await TelegramStandIn.start();
    const mailId = await fixture.email(smtp.url, { language: 'ko' });
    await fixture.telegram(telegram.apiRoot, { language: 'ko' });
    await fixture.takeIn((await fixture.warned()).event);
    expect(await fixture.settled()).toEqual({ delivered: 2 });
    expect(smtp.received[0]!.mail.subject).toBe('[Session Ledger] trader의 세션이 곧 만료됩니다');
    expect(smtp.received[0]!.mail.html).toContain('<html lang="ko">');
    expect(telegram.messages[0]!.text).toMatch(/^trader의 세션이 곧 만료됩니다\n남은 갱신이 2회입니다\./);

    await fixture.channels.update(mailId, { language: 'en' }, BY_OWNER);
    await fixture.takeIn((await fixture.warned()).event);
    expect(await fixture.settled()).toEqual({ delivered: 4 });
    expect(smtp.received[1]!.mail.subject).toBe('[Session Ledger] The session of trader expires soon');
  });
});
