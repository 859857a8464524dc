import { EventEmitter, once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sessionStream, type CloudEvent } from '#libs/contracts';
import { Database } from '#libs/database';
import { createMetrics, newId } from '#libs/platform';
import { CuttingProxy, SmtpReceiver, until, WebhookReceiver } from '#libs/testing';
import type { Notifier } from '../../../apps/notifier/src/notifier.js';
import { dueSessionCommands } from '../../../apps/notifier/src/sweep/due-session-commands.js';
import { NotifierFixture } from './notifier-fixture.js';

/** Half of it is left where it is renewed latest: longer than a busy machine lets a worker stand, and short enough to see it pass. */
const LEASE_SECONDS = 12;

describe('notifiers that share a database', () => {
  let fixture: NotifierFixture;
  let webhook: WebhookReceiver;
  const others: Notifier[] = [];
  beforeEach(async () => {
    fixture = await NotifierFixture.start();
    webhook = await WebhookReceiver.start();
  });
  afterEach(async () => {
    for (const other of others.splice(0)) await other.close();
    await fixture[Symbol.asyncDispose]();
    await webhook[Symbol.asyncDispose]();
  });

  function another(leaseSeconds?: number): Notifier {
    const other = fixture.newNotifier({
      metrics: createMetrics(`another ${others.length}`),
      ...(leaseSeconds !== undefined && { leaseSeconds }),
    });
    others.push(other);
    other.start();
    return other;
  }

  async function alerts(count: number): Promise<CloudEvent[]> {
    const events: CloudEvent[] = [];
    for (let i = 0; i < count; i++) events.push((await fixture.warned()).event);
    return events;
  }

  it('send each alert once between them', async () => {
    another();
    await fixture.webhook(webhook.url);
    const events = await alerts(150);
    await fixture.takeIn(...events);
    expect(await fixture.settled()).toEqual({ delivered: 150 });
    expect(webhook.received).toHaveLength(150);
    expect(new Set(webhook.received.map(({ headers }) => headers['webhook-id'])).size).toBe(150);
    expect(await fixture.attempts()).toHaveLength(150);
  });

  it('a session that cannot be recorded, or was changed meanwhile, keeps none of its group from it', async () => {
    await fixture.notifier.close();
    const agentId = newId();
    await fixture.registerAgent(agentId, 1);
    const ids = await fixture.sessions(60, { agentId, issuedAgo: 540_000, maxRenewals: 0 });
    const [broken, ended] = [ids[5]!, ids[10]!];
    // A head that its stream has left behind can never be appended to.
    await fixture.asOwner(`update ledger.session_head set version = 7 where session_id = '${broken}'`);
    const revoked = fixture.ledger.sessions;
    const commands = dueSessionCommands({
      ...fixture.ledger,
      sessions: async (asked) => {
        const snapshots = await revoked(asked);
        await revokeNow(ended);
        return snapshots;
      },
    });
    const failed: string[] = [];
    await commands.recordDue({ sessionIds: ids, expire: true, onFailed: (id) => failed.push(id) });
    expect(failed).toEqual([broken]);
    const announced = await fixture.database.query<{ count: number }>(
      "select count(*)::int as count from ledger.event where type = 'SessionExpiringSoon'",
    );
    expect(announced).toEqual([{ count: 58 }]);

    async function revokeNow(id: string): Promise<void> {
      const [snapshot] = await revoked([id]);
      if (snapshot?.head.status === 'active') await fixture.revoke(snapshot.head);
    }
  });

  it('announce a due session once, whoever sweeps and whoever reads its renewal', async () => {
    const sessions = [];
    for (let i = 0; i < 20; i++) sessions.push(await fixture.warnedSession());
    const events = [];
    for (const { sessionId } of sessions) events.push(await fixture.lastEvent(sessionId));
    const other = another();
    await Promise.allSettled([fixture.notifier.intake.apply(events), other.intake.apply(events)]);
    const announcements = async (sessionId: string): Promise<number> =>
      (await fixture.ledger.readStream(sessionStream(sessionId))).filter(({ type }) => type === 'SessionExpiringSoon')
        .length;
    // Each of two that got in each other's way leaves the rest to the sweep.
    for (const { sessionId } of sessions) await until(() => announcements(sessionId), { describe: 'the announcement' });
    for (const { sessionId } of sessions) expect(await announcements(sessionId)).toBe(1);
  });

  it('K5: an outcome that comes after its lease has passed on changes nothing, and is logged', async () => {
    const target = new URL(fixture.testDatabase.url);
    await using proxy = await CuttingProxy.start(Number(target.port));
    target.port = String(proxy.port);
    await using database = await Database.open({ url: target.href, applicationName: 'cut off' });
    await fixture.notifier.close();
    const cutOff = fixture.newNotifier({ database, leaseSeconds: 1, metrics: createMetrics('cut off') });
    others.push(cutOff);
    await fixture.webhook(webhook.url);
    const far = new EventEmitter();
    const answer = once(far, 'answer');
    webhook.respond((_, earlier) => (earlier === 0 ? { after: answer, status: 500 } : {}));
    cutOff.start();
    await cutOff.intake.apply(await alerts(1));
    await until(() => webhook.received.length === 1, { describe: 'the slow send' });
    // It still waits for its answer, but cannot hold on to its lease any more.
    proxy.cutAll('connection');
    another();
    expect(await fixture.settled()).toEqual({ delivered: 1 });
    far.emit('answer');
    proxy.cut = 'nothing';
    await until(async () => (await fixture.attempts()).some(({ detail }) => detail?.includes('late answer')), {
      describe: 'the late answer on record',
    });
    const attempts = await fixture.attempts();
    expect(attempts.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['unknown', 'worker_lost'],
      ['delivered', null],
    ]);
    // Where all this took the machine more than ten seconds, the sender was no longer waiting.
    expect(attempts[0]!.detail).toMatch(/late answer: (failed HTTP 500|unknown no answer in time)/);
    expect(webhook.received).toHaveLength(2);
    expect(new Set(webhook.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(await fixture.statuses()).toEqual({ delivered: 1 });
  });

  it('a send that takes longer than its lease is not taken over while its worker lives, by itself or by another', async () => {
    const far = new EventEmitter();
    const answer = once(far, 'answer');
    // A mail: an answer to it is waited for longer than one to a webhook.
    await using smtp = await SmtpReceiver.start();
    smtp.answerAfter(() => answer.then(() => 0));
    await fixture.notifier.close();
    for (let n = 0; n < 2; n++) another(LEASE_SECONDS);
    await fixture.email(`${smtp.url}?socketTimeout=60000`);
    await fixture.takeIn(...(await alerts(1)));
    await until(() => smtp.received.length === 1, { describe: 'the slow send' });
    const leaseEnd = async (): Promise<Date> =>
      (
        await fixture.database.query<{ end: Date }>(
          `select next_attempt_at as "end" from deliveries.delivery where status = 'attempting'`,
        )
      )[0]!.end;
    const first = await leaseEnd();
    await until(async () => (await leaseEnd()).getTime() > first.getTime() + 1000 * LEASE_SECONDS, {
      describe: 'the lease that it began with to pass',
    });
    far.emit('answer');
    expect(await fixture.settled()).toEqual({ delivered: 1 });
    expect(await fixture.attempts()).toMatchObject([{ number: 1, outcome: 'delivered' }]);
    expect(smtp.received).toHaveLength(1);
  });

  it('M2: a replay of the whole log sends nothing, also when the delivery tables were emptied', async () => {
    await fixture.webhook(webhook.url);
    const events = await alerts(20);
    await fixture.takeIn(...events);
    await fixture.settled();
    expect(webhook.received).toHaveLength(20);
    await fixture.takeIn(...events);
    fixture.excuse('calls on record', 'the attempts are deleted');
    fixture.excuse('notified', 'the notifications are deleted');
    await fixture.database.query('delete from deliveries.attempt');
    await fixture.database.query('delete from deliveries.delivery');
    await fixture.database.query('delete from deliveries.notification');
    for (const event of events) await fixture.takeIn(event);
    expect(await fixture.settled()).toEqual({});
    expect(webhook.received).toHaveLength(20);
  });

  it('P1: go on when the database comes back: nothing is sent without an attempt on record, nothing twice', async () => {
    const target = new URL(fixture.testDatabase.url);
    await using proxy = await CuttingProxy.start(Number(target.port));
    target.port = String(proxy.port);
    await using database = await Database.open({ url: target.href, applicationName: 'behind a proxy' });
    await fixture.notifier.close();
    const behind = fixture.newNotifier({ database, leaseSeconds: 30, metrics: createMetrics('behind a proxy') });
    others.push(behind);
    await fixture.webhook(webhook.url);
    behind.start();

    const [before, during] = await alerts(2);
    webhook.respond(() => {
      proxy.cutAll('connection');
      return {};
    });
    await behind.intake.apply([before!]);
    await until(() => webhook.received.length === 1, { describe: 'the alert before the outage' });
    await expect(behind.intake.apply([during!])).rejects.toThrow();
    expect(await fixture.attempts()).toMatchObject([{ outcome: null }]);
    proxy.cut = 'nothing';
    webhook.respond(() => ({}));
    await until(async () => (await fixture.attempts())[0]?.outcome === 'delivered', {
      describe: 'the outcome on record',
    });
    await behind.intake.apply([during!]);
    expect(await fixture.settled()).toEqual({ delivered: 2 });
    expect(webhook.received).toHaveLength(2);
  });
});
