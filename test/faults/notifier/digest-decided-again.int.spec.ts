import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CloudEvent } from '#libs/contracts';
import { Silences } from '#libs/deliveries';
import type { SessionState } from '#libs/session';
import { BY_OWNER, SmtpReceiver, until, WebhookReceiver } from '#libs/testing';
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

  /** Four alerts of one kind in one mail that was refused for now; the next one is taken. The session whose alert carries it is the first. */
  async function refusedOnce(eventOf: (session: SessionState) => CloudEvent): Promise<SessionState[]> {
    const sessions = [];
    for (let each = 0; each < 4; each += 1) sessions.push(await fixture.session({ issuedAgo: 500_000 }));
    await fixture.takeIn(...sessions.map(eventOf));
    await inState('retry', 4);
    expect((await fixture.attempts()).length).toBe(1);
    smtp.refuse(() => undefined);
    const [carrier] = await fixture.database.query<{ session_id: string }>(
      `select n.session_id from deliveries.delivery d join deliveries.notification n using (notification_id)
       where d.carrier_id = d.delivery_id`,
    );
    const carries = ({ sessionId }: SessionState): boolean => sessionId === carrier!.session_id;
    return [...sessions.filter(carries), ...sessions.filter((session) => !carries(session))];
  }

  const overdue = ({ sessionId, agentId, agentName, generation }: SessionState): CloudEvent =>
    fixture.cloudEvent({ type: 'SessionRenewalOverdue', data: { sessionId, agentId, agentName, generation } });
  const revoked = ({ sessionId, agentId, agentName }: SessionState): CloudEvent =>
    fixture.cloudEvent({
      type: 'SessionRevoked',
      data: { sessionId, agentId, agentName, trigger: 'renewal_rejected' },
    });

  /** Their holders are back. Returns the events' ids. */
  async function renewed(sessions: SessionState[]): Promise<string[]> {
    const events = [];
    for (const session of sessions) {
      await fixture.renew(session);
      events.push(await fixture.lastEvent(session.sessionId));
    }
    await fixture.takeIn(...events);
    return events.map(({ id }) => id);
  }

  it('is not sent once nothing in it is true: each alert ends with the event that made it so', async () => {
    const renewals = await renewed(await refusedOnce(overdue));
    await fixture.hurry();
    expect(await fixture.settled()).toEqual({ superseded: 4 });
    expect(smtp.received).toEqual([]);
    const causes = await fixture.database.query<{ superseded_by: string }>(
      'select superseded_by from deliveries.delivery',
    );
    expect(causes.map(({ superseded_by }) => superseded_by).sort()).toEqual(renewals.sort());
  });

  it('is sent whole while anything in it is true', async () => {
    const sessions = await refusedOnce(overdue);
    await renewed(sessions.slice(0, 3));
    await fixture.hurry();
    expect(await fixture.settled()).toEqual({ delivered: 4 });
    expect(smtp.received).toHaveLength(1);
    expect(smtp.received[0]!.mail.text).toContain(sessions[3]!.sessionId);
  });

  it('is not sent once the owner wants to hear of none of it', async () => {
    const silences = new Silences(fixture.database);
    for (const { sessionId } of await refusedOnce(revoked))
      await silences.create({ sessionId, mode: 'silence', duration: 3600 }, BY_OWNER);
    await fixture.hurry();
    expect(await fixture.settled()).toEqual({ suppressed: 4 });
    expect(smtp.received).toEqual([]);
  });

  it('waits whole for the end of a snooze', async () => {
    const silences = new Silences(fixture.database);
    await refusedOnce(revoked);
    const { id } = await silences.create({ mode: 'snooze', duration: 3600 }, BY_OWNER);
    await fixture.hurry();
    const putOff = () =>
      fixture.database.query(
        "select from deliveries.delivery where status = 'retry' and detail like 'snoozed until %'",
      );
    await until(async () => (await putOff()).length === 4, { describe: 'the whole digest to be put off' });
    await silences.end(id, BY_OWNER);
    expect(await fixture.settled()).toEqual({ delivered: 4 });
    expect(smtp.received).toHaveLength(1);
  });

  it('is not sent for what has no time left: that is given up, and told elsewhere', async () => {
    await using webhook = await WebhookReceiver.start();
    const sessions = await refusedOnce(overdue);
    await fixture.webhook(webhook.url, { events: ['SessionCreated'] });
    await renewed(sessions.slice(0, 3));
    await fixture.database.query(
      `update deliveries.delivery d set deadline = clock_timestamp()
       from deliveries.notification n where n.notification_id = d.notification_id and n.session_id = $1`,
      [sessions[3]!.sessionId],
    );
    await fixture.hurry();
    expect(await fixture.settled()).toEqual({ superseded: 3, dead: 1, delivered: 1 });
    expect(smtp.received).toEqual([]);
    expect(webhook.received[0]!.body).toContain('An alert was given up: the deadline has passed.');
  });
});
