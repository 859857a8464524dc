import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  claimableChannel,
  claimMessages,
  completeAttempts,
  Deliveries,
  expireDeliveries,
  Silences,
  type ClaimedMessage,
  type Outcome,
} from '#libs/deliveries';
import { BY_OWNER } from '#libs/testing';
import { NotifierFixture } from './notifier-fixture.js';

const FAILED: Outcome = { kind: 'failed', reason: 'connect', detail: 'no connection' };
const ALERTS = 3;

/** Information goes to one channel after the other; the first one's is one message that was tried and waits. */
describe('a digest that waits while the next channels have their turn', () => {
  let fixture: NotifierFixture;
  let first: string;
  let second: string;
  let digest: ClaimedMessage;
  beforeEach(async () => {
    fixture = await NotifierFixture.start();
    await fixture.notifier.close();
    fixture.excuse('calls on record', 'the outcomes are made up here, without a call');
    first = await fixture.telegram('http://127.0.0.1:9', { priority: 1 });
    ({ id: second } = await fixture.webhook('http://127.0.0.1:9', { priority: 2 }));
    for (let alert = 0; alert < ALERTS; alert += 1) {
      const renewed = await fixture.renew(await fixture.session({ issuedAgo: 400_000 }));
      await fixture.takeIn(await fixture.lastEvent(renewed.sessionId));
    }
    [digest] = (await claim(first, 1)) as [ClaimedMessage];
    await completeAttempts(fixture.database, [{ message: digest, outcome: FAILED }]);
    expect(digest.members).toHaveLength(ALERTS);
    expect(await statusesOf(first)).toEqual(['retry', 'retry', 'retry']);
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  async function claim(channelId: string, digestAbove: number | null): Promise<ClaimedMessage[]> {
    const { channel } = (await claimableChannel(fixture.database, channelId))!;
    const { messages } = await claimMessages(fixture.database, {
      channel,
      slots: ALERTS,
      again: ALERTS,
      digestAbove,
      leaseSeconds: 20,
      underWay: [],
      onlyProbes: false,
      render: () => ({ text: 'as it was rendered' }),
    });
    return messages;
  }

  async function statusesOf(channelId: string): Promise<string[]> {
    const rows = await fixture.database.query<{ status: string }>(
      'select status from deliveries.delivery where channel_id = $1 order by delivery_id',
      [channelId],
    );
    return rows.map(({ status }) => status);
  }

  async function dueOn(channelId: string): Promise<number> {
    const rows = await fixture.database.query(
      'select from deliveries.delivery where channel_id = $1 and next_attempt_at <= clock_timestamp()',
      [channelId],
    );
    return rows.length;
  }

  it('is sent all the same until every alert in it was told elsewhere', async () => {
    await fixture.hurry();
    const messages = await claim(second, null);
    const ofCarrier = digest.members[0]!.notificationId;
    const told = messages.filter(({ members }) => members[0]!.notificationId === ofCarrier);
    const others = messages.filter((message) => !told.includes(message));
    expect([told.length, others.length]).toEqual([1, 2]);
    await completeAttempts(
      fixture.database,
      told.map((message) => ({ message, outcome: { kind: 'delivered' } })),
    );
    expect(await statusesOf(first)).toEqual(['retry', 'retry', 'retry']);
    expect(await dueOn(first)).toBe(1);

    await completeAttempts(
      fixture.database,
      others.map((message) => ({ message, outcome: { kind: 'delivered' } })),
    );
    expect(await statusesOf(first)).toEqual(['suppressed', 'suppressed', 'suppressed']);
    expect(await statusesOf(second)).toEqual(['delivered', 'delivered', 'delivered']);
  });

  it('ends with its channel, and each of its alerts has its next turn at once', async () => {
    expect(await dueOn(second)).toBe(0);
    await fixture.channels.update(first, { enabled: false }, BY_OWNER);
    expect(await statusesOf(first)).toEqual(['suppressed', 'suppressed', 'suppressed']);
    expect(await dueOn(second)).toBe(ALERTS);
  });

  it('ends with the last of its alerts, with all that it carries, and not before', async () => {
    const endOf = (which: '=' | '<>') =>
      fixture.database.query(
        `update deliveries.delivery set deadline = clock_timestamp() where channel_id = $1 and delivery_id ${which} $2`,
        [first, digest.deliveryId],
      );
    await endOf('<>');
    expect(await expireDeliveries(fixture.database, 10)).toBe(0);
    expect(await statusesOf(first)).toEqual(['retry', 'retry', 'retry']);
    await endOf('=');
    expect(await expireDeliveries(fixture.database, 10)).toBe(1);
    expect(await statusesOf(first)).toEqual(['dead', 'dead', 'dead']);
  });

  it('is hurried whole by a redelivery of one of its alerts: none is told by itself as well', async () => {
    const [, member] = digest.members;
    await new Deliveries(fixture.database).redeliver(member!.deliveryId);
    expect(await dueOn(first)).toBe(1);
    const [again, ...more] = await claim(first, 1);
    expect(more).toEqual([]);
    expect(again!.deliveryId).toBe(digest.deliveryId);
    expect(again!.members).toHaveLength(ALERTS);
    await completeAttempts(fixture.database, [{ message: again!, outcome: { kind: 'delivered' } }]);
    expect(await statusesOf(first)).toEqual(['delivered', 'delivered', 'delivered']);
  });

  it('is sent for the alert that was asked for, although its time was over and nothing else in it is worth telling', async () => {
    const [asked, ...others] = digest.members.filter(({ deliveryId }) => deliveryId !== digest.deliveryId);
    const carrier = digest.members.find(({ deliveryId }) => deliveryId === digest.deliveryId)!;
    const silences = new Silences(fixture.database);
    for (const { sessionId } of [carrier, ...others])
      await silences.create({ sessionId: sessionId!, mode: 'silence', duration: 3600 }, BY_OWNER);
    await fixture.database.query('update deliveries.delivery set deadline = clock_timestamp() where delivery_id = $1', [
      asked!.deliveryId,
    ]);
    await new Deliveries(fixture.database).redeliver(asked!.deliveryId);
    expect(await claim(first, 1)).toMatchObject([{ deliveryId: digest.deliveryId }]);
  });
});
