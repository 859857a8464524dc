import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SmtpReceiver, until } from '#libs/testing';
import { NotifierFixture } from './notifier-fixture.js';

const HOUR_MS = 3_600_000;

describe('a digest whose first attempt failed', () => {
  let fixture: NotifierFixture;
  let smtp: SmtpReceiver;
  beforeEach(async () => {
    fixture = await NotifierFixture.start();
    smtp = await SmtpReceiver.start();
    fixture.holdRetries();
    smtp.refuse(() => ({ code: 451, message: 'not now' }));
    await fixture.email(smtp.url, { minLevel: 'WARNING' });
  });
  afterEach(async () => {
    await fixture[Symbol.asyncDispose]();
    await smtp[Symbol.asyncDispose]();
  });

  const inState = (status: string, count: number): Promise<unknown> =>
    until(async () => (await fixture.statuses())[status] === count, { describe: `${count} × ${status}` });

  it('lives as long as any alert in it, although the one that was due first ends soon', async () => {
    await fixture.database.query("update deliveries.channel set paused_until = clock_timestamp() + interval '1 hour'");
    const sessions = [];
    for (const hours of [0.1, 24, 24, 24]) {
      const session = await fixture.warnedSession();
      const endsAt = new Date(Date.now() + hours * HOUR_MS).toISOString();
      await fixture.takeIn(fixture.expiringSoon(session, { endsAt }));
      sessions.push(session);
    }
    await fixture.database.query('update deliveries.channel set paused_until = null');
    await inState('retry', 4);
    expect((await fixture.attempts()).length).toBe(1);
    // Six minutes pass, as the first one's deadline sees it.
    await fixture.database.query(
      `update deliveries.delivery set deadline = clock_timestamp() where deadline < clock_timestamp() + interval '1 hour'`,
    );
    smtp.refuse(() => undefined);
    await fixture.hurry();
    expect(await fixture.settled()).toEqual({ delivered: 4 });
    expect(smtp.received).toHaveLength(1);
    for (const { sessionId } of sessions) expect(smtp.received[0]!.mail.text).toContain(sessionId);
  });
});
