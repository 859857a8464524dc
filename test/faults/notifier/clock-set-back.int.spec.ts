import { expect, it } from '@jest/globals';
import { type ClaimableChannel, claimableChannels, claimMessages, followClockBack } from '#libs/deliveries';
import { createTestDatabase, until, WebhookReceiver } from '#libs/testing';
import { settableClock } from '../ledger/settable-clock.js';
import { NotifierFixture } from './notifier-fixture.js';

const HOUR_MS = 3_600_000;

it('C1: a database clock that is set back by two hours makes no retry come two hours late', async () => {
  const place = await createTestDatabase();
  const clock = await settableClock(place.url);
  await using webhook = await WebhookReceiver.start();
  await using fixture = await NotifierFixture.start({}, place);
  // Its connection ends before the fixture drops the database.
  await using _clock = clock;
  webhook.respond((_, earlier) => ({ status: earlier === 0 ? 500 : 200 }));
  await fixture.webhook(webhook.url);
  await fixture.takeIn((await fixture.warned({ expiresIn: 9000, issuedAgo: 5000 })).event);
  await until(async () => (await fixture.statuses())['retry'] === 1, { describe: 'the retry' });
  // The leader has looked at the clock once it has put the reminder off.
  const putOff = () => fixture.database.query('select from deliveries.reminder where due_at > clock_timestamp()');
  await until(async () => (await putOff()).length === 1, { describe: 'a pass of the leader' });
  await clock.set(-2 * HOUR_MS);
  await until(() => webhook.received.length === 2, { describe: 'the retry after the step' });
  expect(await fixture.settled()).toEqual({ delivered: 1 });
});

it('C1: nor is a message of a worker that is gone taken up two hours late, and one under way is not taken from its worker', async () => {
  await using fixture = await NotifierFixture.start();
  await fixture.notifier.close();
  await fixture.webhook('http://127.0.0.1:9');
  await fixture.takeIn((await fixture.warned()).event);
  const [{ channel }] = (await claimableChannels(fixture.database)) as [ClaimableChannel];
  const { messages } = await claimMessages(fixture.database, {
    channel,
    slots: 1,
    again: 1,
    digestAbove: null,
    // As a lease of 20 s looks after the step.
    leaseSeconds: 7220,
    underWay: [],
    onlyProbes: false,
    render: () => null,
  });
  expect(messages).toHaveLength(1);
  expect(await followClockBack(fixture.database, 2 * HOUR_MS)).toBe(1);
  const [row] = await fixture.database.query<{ left: number }>(
    'select extract(epoch from next_attempt_at - clock_timestamp())::float8 as left from deliveries.delivery',
  );
  expect(row!.left).toBeGreaterThan(30);
  expect(row!.left).toBeLessThanOrEqual(60);
});

it('C1: nor does a first attempt that was due come two hours late; a turn that had not come waits on', async () => {
  await using fixture = await NotifierFixture.start();
  await fixture.notifier.close();
  const { id: first } = await fixture.webhook('http://127.0.0.1:9', { priority: 1 });
  const { id: second } = await fixture.webhook('http://127.0.0.1:9', { priority: 2 });
  for (let alert = 0; alert < 2; alert += 1) {
    const { sessionId } = await fixture.renew(await fixture.session({ issuedAgo: 400_000 }));
    await fixture.takeIn(await fixture.lastEvent(sessionId));
  }
  // Both channels rest, and the turn of one alert has begun on the second: as that looks after the step.
  await fixture.database.query(
    `update deliveries.delivery set deadline = deadline + interval '2 hours', next_attempt_at = case
       when delivery_id = (select max(delivery_id::text)::uuid from deliveries.delivery where channel_id = $1)
       then clock_timestamp() else next_attempt_at end + interval '2 hours'`,
    [second],
  );
  await fixture.database.query("update deliveries.channel set open_until = clock_timestamp() + interval '2 hours'");
  expect(await followClockBack(fixture.database, 2 * HOUR_MS)).toBe(3);
  const due = await fixture.database.query<{ channel_id: string; count: number }>(
    `select channel_id, count(*)::int as count from deliveries.delivery
     where status = 'pending' and next_attempt_at <= clock_timestamp() group by channel_id`,
  );
  expect(new Map(due.map(({ channel_id, count }) => [channel_id, count]))).toEqual(
    new Map([
      [first, 2],
      [second, 1],
    ]),
  );
  const [left] = await fixture.database.query<{ rests: boolean }>(
    'select bool_or(open_until > clock_timestamp()) as rests from deliveries.channel',
  );
  expect(left!.rests).toBe(false);
});
