import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { dueReminders, forgetReminder, Silences } from '#libs/deliveries';
import { BY_OWNER, SmtpReceiver, TelegramStandIn, until, WebhookReceiver } from '#libs/testing';
import { NotifierFixture } from './notifier-fixture.js';

describe('what is decided again at the moment of sending', () => {
  let fixture: NotifierFixture;
  let webhook: WebhookReceiver;
  beforeEach(async () => {
    fixture = await NotifierFixture.start();
    webhook = await WebhookReceiver.start();
  });
  afterEach(async () => {
    await fixture[Symbol.asyncDispose]();
    await webhook[Symbol.asyncDispose]();
  });

  const deliveries = () =>
    fixture.database.query<{
      status: string;
      detail: string | null;
      superseded_by: string | null;
      event_type: string;
      stage: string;
    }>(
      `select d.status, d.detail, d.superseded_by, n.event_type, n.stage
       from deliveries.delivery d join deliveries.notification n using (notification_id) order by d.delivery_id`,
    );
  const inState = (status: string, count = 1): Promise<unknown> =>
    until(async () => (await fixture.statuses())[status] === count, { describe: `${count} × ${status}` });

  it('an alert about a session that was revoked meanwhile is superseded by that very event', async () => {
    fixture.holdRetries();
    webhook.respond(() => ({ status: 500 }));
    await fixture.webhook(webhook.url);
    const { session, event } = await fixture.warned();
    await fixture.takeIn(event);
    await inState('retry');
    await fixture.revoke(session);
    const revoked = await fixture.lastEvent(session.sessionId);
    webhook.respond(() => ({}));
    await fixture.hurry();
    await fixture.settled();
    expect(await deliveries()).toMatchObject([{ status: 'superseded', superseded_by: revoked.id }]);
    expect(webhook.received).toHaveLength(1);
  });

  it('an overdue renewal that came is superseded, or withdrawn where it was told', async () => {
    fixture.holdRetries();
    await using telegram = await TelegramStandIn.start();
    webhook.respond(() => ({ status: 500 }));
    await fixture.webhook(webhook.url);
    await fixture.telegram(telegram.apiRoot);
    const born = await fixture.session({ issuedAgo: 500_000 });
    const { sessionId, agentId, agentName, generation } = born;
    await fixture.takeIn(
      fixture.cloudEvent({ type: 'SessionRenewalOverdue', data: { sessionId, agentId, agentName, generation } }),
    );
    await inState('retry');
    await inState('delivered');
    expect(telegram.messages[0]!.text).toContain('has not renewed its session');
    const renewed = await fixture.renew(born);
    webhook.respond(() => ({}));
    await fixture.takeIn(await fixture.lastEvent(renewed.sessionId));
    await fixture.hurry();
    await fixture.settled();
    const told = (await deliveries()).map(({ event_type, stage, status }) => `${event_type} ${stage} ${status}`);
    expect(told).toContain('SessionRenewalOverdue alert superseded');
    expect(told).toContain('SessionRenewed withdrawn delivered');
    expect(telegram.messages.some(({ text }) => text.includes('is back'))).toBe(true);
    expect(webhook.received.filter(({ body }) => body.includes('"stage":"withdrawn"'))).toHaveLength(0);
  });

  it('a snoozed alert comes after the snooze if it is still true; a silenced one never; a critical one at once', async () => {
    await fixture.webhook(webhook.url);
    const silences = new Silences(fixture.database);
    const snoozed = await fixture.warned();
    const silenced = await fixture.warned();
    const snooze = await silences.create(
      { agentId: snoozed.session.agentId, mode: 'snooze', duration: 3600 },
      BY_OWNER,
    );
    await silences.create({ sessionId: silenced.session.sessionId, mode: 'silence', duration: 3600 }, BY_OWNER);
    const { sessionId, agentId, agentName } = snoozed.session;
    const critical = fixture.cloudEvent({
      type: 'TokenReuseDetected',
      data: { sessionId, agentId, agentName, generation: 0, addressPrefix: '192.0.2.0/24' },
    });
    await fixture.takeIn(snoozed.event, silenced.event, critical);
    await inState('suppressed');
    await inState('delivered');
    expect(webhook.received.map(({ body }) => (JSON.parse(body) as { id: string }).id)).toEqual([critical.id]);
    expect((await deliveries())[0]).toMatchObject({
      status: 'pending',
      detail: expect.stringMatching(/^snoozed until/),
    });
    await silences.end(snooze.id, BY_OWNER);
    expect(await fixture.settled()).toEqual({ suppressed: 1, delivered: 2 });
    expect(webhook.received.at(-1)!.body).toContain(snoozed.event.id);
  });

  it('information goes to one channel, and to the next when that gives up', async () => {
    await using second = await WebhookReceiver.start();
    await fixture.webhook(webhook.url, { name: 'first', priority: 1 });
    await fixture.webhook(second.url, { name: 'second', priority: 2 });
    const renewed = await fixture.renew(await fixture.session({ issuedAgo: 400_000 }));
    await fixture.takeIn(await fixture.lastEvent(renewed.sessionId));
    expect(await fixture.settled()).toEqual({ delivered: 1, suppressed: 1 });
    expect([webhook.received.length, second.received.length]).toEqual([1, 0]);

    webhook.respond(() => ({ status: 410 }));
    const again = await fixture.renew(await fixture.session({ issuedAgo: 400_000 }));
    await fixture.takeIn(await fixture.lastEvent(again.sessionId));
    await until(() => second.received.some(({ body }) => body.includes(again.sessionId)), {
      describe: 'the next channel’s turn',
    });
  });

  it('information that the owner has silenced is told by no later channel either, also once the silence is over', async () => {
    await using second = await WebhookReceiver.start();
    await fixture.webhook(webhook.url, { name: 'first', priority: 1 });
    await fixture.webhook(second.url, { name: 'second', priority: 2 });
    const silences = new Silences(fixture.database);
    const session = await fixture.session({ issuedAgo: 400_000 });
    const { sessionId } = session;
    const silence = await silences.create({ sessionId, mode: 'silence', duration: 600 }, BY_OWNER);
    await fixture.renew(session);
    await fixture.takeIn(await fixture.lastEvent(sessionId));
    await inState('suppressed', 2);
    await silences.end(silence.id, BY_OWNER);
    await fixture.hurry();
    expect(await fixture.settled()).toEqual({ suppressed: 2 });
    expect([webhook.received, second.received]).toEqual([[], []]);
    for (const { detail } of await deliveries()) expect(detail).toMatch(/^silenced by the owner until /);
  });

  it('a backlog of retries holds up no first attempt', async () => {
    const { sessionId, agentId, agentName } = await fixture.warnedSession();
    const data = { sessionId, agentId, agentName, trigger: 'manual_revoke' } as const;
    const events = (count: number) =>
      Array.from({ length: count }, () => fixture.cloudEvent({ type: 'SessionRevoked', data }));
    const backlog = events(200);
    const old = new Set(backlog.map((event) => event.id));
    // Each retry hangs for as long as the test runs: were all slots theirs, nothing new would be sent.
    await using slow = await WebhookReceiver.start();
    const arrived = (): string[] => slow.received.map(({ body }) => (JSON.parse(body) as { id: string }).id);
    slow.respond(({ body }) =>
      old.has((JSON.parse(body) as { id: string }).id) ? { instead: 'hang' } : { status: 200 },
    );
    await fixture.webhook(slow.url);
    await fixture.database.query("update deliveries.channel set paused_until = clock_timestamp() + interval '1 hour'");
    await fixture.takeIn(...backlog);
    await fixture.database.query(
      `update deliveries.delivery set attempts = 1, status = 'retry', next_attempt_at = clock_timestamp() - interval '1 hour'`,
    );
    await fixture.database.query('update deliveries.channel set paused_until = null');
    await until(() => arrived().length >= 16, { describe: 'the slots that retries may have' });
    const fresh = events(20);
    await fixture.takeIn(...fresh);
    await until(() => fresh.every(({ id }) => arrived().includes(id)), { describe: 'the new alerts' });
    // None of the slots that the retries have was given back for it: each was still held when the last of the new ones began.
    const givenBack = await fixture.database.query(
      `select number, outcome, reason from deliveries.attempt
       where number > 1 and ended_at < (select max(started_at) from deliveries.attempt where number = 1)`,
    );
    expect(givenBack).toEqual([]);
  });

  it('with a quarter of the time left the next channel starts although the first has not given up', async () => {
    await using second = await WebhookReceiver.start();
    webhook.respond(() => ({ status: 500 }));
    await fixture.webhook(webhook.url, { name: 'first', priority: 1 });
    const { id } = await fixture.webhook(second.url, { name: 'second', priority: 2 });
    const renewed = await fixture.renew(await fixture.session({ issuedAgo: 400_000 }));
    const event = await fixture.lastEvent(renewed.sessionId);
    const windowEnd = new Date(Date.now() + 60_000).toISOString();
    await fixture.takeIn({ ...event, data: { ...event.data, rejectWindowEndsAt: windowEnd } });
    const [turn] = await fixture.database.query<{ left: number }>(
      'select extract(epoch from deadline - next_attempt_at)::float8 as left from deliveries.delivery where channel_id = $1',
      [id],
    );
    expect(turn!.left).toBeGreaterThan(10);
    expect(turn!.left).toBeLessThan(15.1);
    await until(() => webhook.received.length > 0, { describe: 'the first channel' });
    expect(second.received).toEqual([]);
    // Three quarters pass, as this channel sees it.
    await fixture.database.query(
      `update deliveries.delivery set deadline = deadline - (next_attempt_at - clock_timestamp()),
         next_attempt_at = clock_timestamp() where channel_id = $1`,
      [id],
    );
    await until(() => second.received.some(({ body }) => body.includes(event.id)), { describe: 'the second channel' });
  });

  it('nothing is sent at or after the deadline', async () => {
    webhook.respond(() => ({ status: 500 }));
    await fixture.webhook(webhook.url);
    const session = await fixture.warnedSession();
    const endsAt = new Date(Date.now() + 9000).toISOString();
    await fixture.takeIn(fixture.expiringSoon(session, { endsAt }));
    // However long this machine takes for one try: there are several, and further ones up to the end.
    const triedThrice = async () => {
      await fixture.hurry();
      return webhook.received.length >= 3;
    };
    await until(triedThrice, { describe: 'three attempts' });
    await until(async () => (await fixture.statuses())['dead'] === 1, { describe: 'the end' });
    for (const { receivedAt } of webhook.received) expect(receivedAt).toBeLessThan(Date.parse(endsAt));
    const late = fixture.expiringSoon(session, { endsAt: new Date(Date.now() - 1).toISOString() });
    webhook.respond(() => ({ status: 200 }));
    await fixture.takeIn(late);
    await fixture.hurry();
    // The news that an alert was missed goes out, the alert does not.
    expect(await fixture.settled()).toEqual({ dead: 2, delivered: 1 });
    expect(webhook.received.filter(({ body }) => body.includes(late.id))).toEqual([]);
  });

  it('reminds once, near the end, of a session that was announced for its renewals', async () => {
    await fixture.webhook(webhook.url);
    const wish = { expiresIn: 100, issuedAgo: 60, absoluteLifetime: 10_000, maxRenewals: 1 };
    const session = await fixture.warnedSession(wish);
    const event = fixture.expiringSoon(session, { causes: ['renewals'], remainingRenewals: 0 });
    await fixture.takeIn(event);
    await until(async () => (await deliveries()).some(({ stage }) => stage === 'alert'), { describe: 'the alert' });
    // 100 s of life are left of 200: the time leg holds in the last 20 s.
    await fixture.asOwner('update ledger.session_head set issued_at = issued_at - 85, expires_at = expires_at - 85');
    await fixture.database.query('update deliveries.reminder set due_at = clock_timestamp()');
    await until(() => webhook.received.some(({ body }) => body.includes('"stage":"reminder"')), {
      describe: 'the reminder',
    });
    await fixture.database.query('update deliveries.reminder set due_at = clock_timestamp()');
    await fixture.settled();
    expect(webhook.received.filter(({ body }) => body.includes('"stage":"reminder"'))).toHaveLength(1);
    expect(await fixture.database.query('select from deliveries.reminder')).toHaveLength(0);
  });

  it('a reminder that a renewal makes due again while it is decided is decided again', async () => {
    const session = await fixture.warnedSession({
      expiresIn: 100,
      issuedAgo: 60,
      absoluteLifetime: 10_000,
      maxRenewals: 2,
    });
    await fixture.notifier.close();
    await fixture.takeIn(fixture.expiringSoon(session));
    const [decided] = await dueReminders(fixture.database, 10);
    await fixture.renew(session);
    await fixture.takeIn(await fixture.lastEvent(session.sessionId));
    // What was decided about the session before its renewal comes too late, whatever it was.
    await forgetReminder(fixture.database, decided!, decided!.now + 5000);
    expect(await dueReminders(fixture.database, 10)).toHaveLength(1);
    await forgetReminder(fixture.database, decided!, null);
    const [again] = await dueReminders(fixture.database, 10);
    await forgetReminder(fixture.database, again!, again!.now + 5000);
    expect(await dueReminders(fixture.database, 10)).toEqual([]);
  });

  it('a channel that died quietly is found by the periodic test message and told through the others', async () => {
    await using smtp = await SmtpReceiver.start();
    webhook.respond(() => ({ status: 500 }));
    const { id } = await fixture.webhook(webhook.url, { name: 'the quiet one' });
    await fixture.email(smtp.url, { events: ['SessionRevoked'] });
    const old =
      "update deliveries.channel set canary_at = clock_timestamp() - interval '2 hours' where channel_id = $1";
    await fixture.database.query(old, [id]);
    await until(() => webhook.received.length > 0, { describe: 'the canary' });
    expect(webhook.received[0]!.body).toContain('ledger.channel.canary.v1');
    await fixture.database.query(old, [id]);
    await until(() => smtp.received.some(({ mail }) => mail.text?.includes('the quiet one')), {
      describe: 'the mail about the quiet channel',
    });
  });

  it('a new attempt is always on record before the far side sees it', async () => {
    const seen: number[] = [];
    webhook.respond((request) => {
      void fixture.database
        .query('select from deliveries.attempt where delivery_id = $1', [request.headers['webhook-id']])
        .then((rows) => seen.push(rows.length));
      return {};
    });
    await fixture.webhook(webhook.url);
    for (let i = 0; i < 5; i++) await fixture.takeIn((await fixture.warned()).event);
    await fixture.settled();
    await until(() => seen.length === 5, { describe: 'five looks' });
    expect(seen).toEqual([1, 1, 1, 1, 1]);
  });
});
