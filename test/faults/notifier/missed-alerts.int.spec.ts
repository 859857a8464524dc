import { describe, expect, it } from '@jest/globals';
import { Deliveries } from '#libs/deliveries';
import { WebhookReceiver } from '#libs/testing';
import { NotifierFixture } from './notifier-fixture.js';

const HOUR_MS = 3_600_000;

describe('alerts that are read after their deadline', () => {
  it('are recorded as dead with the reason, counted, told once through every channel, and can be sent all the same', async () => {
    await using fixture = await NotifierFixture.start();
    await using all = await WebhookReceiver.start();
    await using narrow = await WebhookReceiver.start();
    await fixture.webhook(all.url);
    await fixture.webhook(narrow.url, { events: ['SessionRevoked'] });
    const session = await fixture.warnedSession();
    const long = new Date(Date.now() - 73 * HOUR_MS).toISOString();
    const old = [
      {
        ...fixture.cloudEvent({ type: 'KillSwitchActivated', data: { reason: 'drill', revokeSessions: false } }),
        time: long,
      },
      fixture.expiringSoon(session, { endsAt: new Date(Date.now() - HOUR_MS).toISOString() }),
      { ...fixture.cloudEvent({ type: 'KillSwitchReleased', data: {} }), time: long },
    ];
    const fresh = fixture.cloudEvent({ type: 'KillSwitchActivated', data: { reason: 'now', revokeSessions: false } });
    await fixture.takeIn(...old, fresh);

    // Two channels were due the old switch, one the old warning; then the fresh switch and the news, both to both.
    expect(await fixture.settled()).toEqual({ dead: 3, delivered: 4 });
    const dead = await fixture.database.query<{ delivery_id: string; detail: string; event_id: string }>(
      `select d.delivery_id, d.detail, n.event_id from deliveries.delivery d join deliveries.notification n using (notification_id)
       where d.status = 'dead' order by n.position`,
    );
    expect(dead.map(({ event_id }) => event_id)).toEqual([old[0]!.id, old[0]!.id, old[1]!.id]);
    expect(new Set(dead.map(({ detail }) => detail))).toEqual(new Set(['the event was read after this deadline']));
    for (const { received } of [all, narrow]) {
      const news = received.map(({ body }) => JSON.parse(body) as { id: string; type: string; data: object });
      expect(news.filter(({ type }) => type === 'ledger.log.alerts_missed.v1').map(({ data }) => data)).toEqual([
        { count: 2, critical: 1 },
      ]);
      expect(news.map(({ id }) => id)).toContain(fresh.id);
    }
    const metrics = await fixture.metrics.metrics();
    expect(metrics).toMatch(/ledger_alerts_missed_total\{[^}]*level="CRITICAL"[^}]*\} 1\n/);
    expect(metrics).toMatch(/ledger_alerts_missed_total\{[^}]*level="WARNING"[^}]*\} 1\n/);
    expect(metrics).toMatch(/ledger_alerts_missed_total\{[^}]*level="INFO"[^}]*\} 0\n/);

    // The next late one within the hour is on record too, but not told once more.
    await fixture.takeIn({
      ...fixture.cloudEvent({ type: 'KillSwitchActivated', data: { revokeSessions: false } }),
      time: long,
    });
    expect(await fixture.settled()).toEqual({ dead: 5, delivered: 4 });

    await new Deliveries(fixture.database).redeliver(dead[0]!.delivery_id);
    expect(await fixture.settled()).toEqual({ dead: 4, delivered: 5 });
  });
});
