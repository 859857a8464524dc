import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Database } from '#libs/database';
import { createTestDatabase, rowsRead, type TestDatabase } from '#libs/testing';
import { endTurns } from './settle.js';

const TOLD = 10_000;
/** Rows and entries for one digest of three. */
const MOST_READ = 1_000;

let place: TestDatabase;
let database: Database;
let channelId: string;

beforeAll(async () => {
  place = await createTestDatabase();
  // One connection: the counts are those of its own session, and what it has planned for few deliveries, it uses for many.
  database = await Database.open({ url: place.url, applicationName: 'settle spec', poolSize: 1 });
  channelId = randomUUID();
  await database.query("insert into deliveries.channel (channel_id, type, name) values ($1, 'webhook', 'one')", [
    channelId,
  ]);
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await place[Symbol.asyncDispose]();
});

/** Alerts, each with its delivery to the channel; `delivery` are SQL values of its columns. */
async function alerts(
  count: number,
  delivery: Record<string, string>,
): Promise<{ id: string; notification: string }[]> {
  return database.query(
    `with made as (
       insert into deliveries.notification (notification_id, event_id, stage, event_type, level, envelope, deadline)
       select gen_random_uuid(), gen_random_uuid(), 'alert', 'SessionExpiringSoon', 1, '{}', clock_timestamp()
       from generate_series(1, $2::int) returning notification_id)
     insert into deliveries.delivery (delivery_id, notification_id, channel_id, deadline, ${Object.keys(delivery).join(', ')})
     select gen_random_uuid(), notification_id, $1, clock_timestamp() + interval '1 hour', ${Object.values(delivery).join(', ')}
     from made returning delivery_id as id, notification_id as notification`,
    [channelId, count],
  );
}

const told = (count: number) =>
  alerts(count, {
    recipient: "'earlier'",
    status: "'delivered'",
    rank: '0',
    carrier_id: 'gen_random_uuid()',
    finished_at: 'clock_timestamp()',
  });

/** A digest of three alerts that waits for its turn; the first two have been told by the channel before it. */
async function digest(): Promise<{ id: string; notification: string }[]> {
  const members = await alerts(3, { recipient: "'second'", rank: '1' });
  const carrier = members[0]!.id;
  await database.query('update deliveries.delivery set carrier_id = $2 where delivery_id = any($1)', [
    members.map(({ id }) => id),
    carrier,
  ]);
  await database.query(
    "update deliveries.delivery set next_attempt_at = clock_timestamp() + interval '1 minute' where delivery_id = $1",
    [carrier],
  );
  for (const { notification } of members.slice(0, 2)) await tell(notification);
  return members;
}

async function tell(notification: string): Promise<void> {
  await database.query(
    `insert into deliveries.delivery (delivery_id, notification_id, channel_id, recipient, status, rank, deadline, finished_at)
     values (gen_random_uuid(), $1, $2, 'first', 'delivered', 0, clock_timestamp(), clock_timestamp())`,
    [notification, channelId],
  );
}

async function statuses(deliveries: readonly { id: string }[]): Promise<string[]> {
  const rows = await database.query<{ status: string }>(
    'select status from deliveries.delivery where delivery_id = any($1) order by status',
    [deliveries.map(({ id }) => id)],
  );
  return rows.map(({ status }) => status);
}

/** Deliveries that the connection has fetched so far, and entries of their indexes that it has read. */
async function read(): Promise<number> {
  return rowsRead(database, 'deliveries.delivery');
}

it(`the turn of a digest ends with its last untold alert, and costs no look at ${TOLD} deliveries of the past`, async () => {
  for (const past of [10, TOLD, TOLD]) {
    await told(past);
    const members = await digest();
    const [first, , last] = members.map(({ notification }) => notification);
    let before = await read();
    await database.transaction((client) => endTurns(client, [first!]));
    expect((await read()) - before).toBeLessThan(MOST_READ);
    expect(await statuses(members)).toEqual(['pending', 'pending', 'pending']);
    await tell(last!);
    before = await read();
    await database.transaction((client) => endTurns(client, [last!]));
    expect((await read()) - before).toBeLessThan(MOST_READ);
    expect(await statuses(members)).toEqual(['suppressed', 'suppressed', 'suppressed']);
  }
});
