import type { Database } from '#libs/database';
import type { ExpectedAlerts } from './expected-alerts.js';
import type { WatchedCalls, WatchedChannels } from './watched-channels.js';

export type Invariant = 'notified' | 'ended or waiting' | 'calls on record' | 'in time' | 'no secrets' | 'undisturbed';
export type Excuses = Map<Invariant, string>;

export interface Checked {
  database: Database;
  channels: WatchedChannels;
  expected: ExpectedAlerts;
  excuses: Excuses;
}

/** What is wrong, in words; empty when all invariants hold. Read from the tables and the receivers, whatever the case did. */
export async function violationsOf(checked: Checked): Promise<string[]> {
  const checks: [Invariant, () => Promise<string[]>][] = [
    // I1: what was taken in is on its way to whom it concerns.
    ['notified', () => checked.expected.missing()],
    ['ended or waiting', () => neitherEndedNorWaiting(checked)],
    ['calls on record', () => callsNotOnRecord(checked)],
    ['in time', () => startedTooLate(checked)],
    ['no secrets', () => secretsInRows(checked)],
    ['undisturbed', () => disturbedWithoutFailure(checked)],
  ];
  const found: string[] = [];
  for (const [invariant, check] of checks) {
    if (!checked.excuses.has(invariant)) found.push(...(await check()).map((text) => `${invariant}: ${text}`));
  }
  return found;
}

/** I1: each delivery has ended with a time and, without success, a reason; or it waits for a time, and says for what. */
async function neitherEndedNorWaiting({ database }: Checked): Promise<string[]> {
  const rows = await database.query<{ delivery: string }>(
    `select row_to_json(d)::text as delivery
     from deliveries.delivery d left join deliveries.delivery carrier on carrier.delivery_id = d.carrier_id
     where not case
       when d.status = 'delivered' then d.finished_at is not null and d.next_attempt_at is null
       when d.status in ('superseded', 'suppressed', 'dead') then d.finished_at is not null and d.next_attempt_at is null and d.detail <> ''
       when d.carrier_id <> d.delivery_id then carrier.next_attempt_at is not null
       when d.status = 'pending' then d.next_attempt_at is not null
       when d.status = 'attempting' then d.next_attempt_at is not null
         and exists (select from deliveries.attempt a where a.delivery_id = d.delivery_id and a.number = d.attempts)
       else d.next_attempt_at is not null and d.detail <> '' end`,
  );
  return rows.map(({ delivery }) => delivery);
}

interface Recorded {
  channel_id: string;
  arrived: number;
  all: number;
}

/** Reasons of a failure that only an answer of the far side gives. */
const ANSWERED = ['redirect', 'gone', 'rate_limited', 'http_4xx', 'http_5xx'];

/**
 * I2 and I4: no call without an attempt on record, and no success without a call. Between them lies only what may or may not
 * have arrived: `unknown`, attempts under way, and failures before an answer.
 */
async function callsNotOnRecord({ database, channels }: Checked): Promise<string[]> {
  const before = callsOf(channels);
  const recorded = await database.query<Recorded>(
    `select d.channel_id, count(*)::int as "all",
       (count(*) filter (where a.outcome = 'delivered' or (c.type = 'webhook' and a.outcome = 'failed' and a.reason = any($1))))::int
         as arrived
     from deliveries.attempt a join deliveries.delivery d using (delivery_id) join deliveries.channel c using (channel_id)
     group by d.channel_id`,
    [ANSWERED],
  );
  const after = callsOf(channels);
  return groupsOf(channels.calls).flatMap(({ channelIds, receivers }) => {
    const rows = recorded.filter(({ channel_id }) => channelIds.has(channel_id));
    const total = (counts: Map<unknown, number>): number =>
      [...receivers].reduce<number>((sum, receiver) => sum + (counts.get(receiver) ?? 0), 0);
    const all = rows.reduce((sum, row) => sum + row.all, 0);
    const arrived = rows.reduce((sum, row) => sum + row.arrived, 0);
    const text = `channels ${[...channelIds].join()}: ${total(after)} calls for ${all} attempts, of which ${arrived} arrived`;
    return total(before) > all || total(after) < arrived ? [text] : [];
  });
}

/** Calls since each receiver was first pointed to. */
function callsOf({ calls }: WatchedChannels): Map<unknown, number> {
  const counts = new Map<unknown, number>();
  for (const { receiver, earlier } of calls) {
    if (!counts.has(receiver)) counts.set(receiver, receiver.callCount - earlier);
  }
  return counts;
}

interface Group {
  channelIds: Set<string>;
  receivers: Set<unknown>;
}

/** Channels that share a receiver, and receivers that a channel pointed to one after the other, are counted together. */
function groupsOf(calls: readonly WatchedCalls[]): Group[] {
  return calls.reduce<Group[]>((groups, { channelId, receiver }) => {
    const touched = groups.filter(({ channelIds, receivers }) => channelIds.has(channelId) || receivers.has(receiver));
    const joined = {
      channelIds: new Set([channelId, ...touched.flatMap(({ channelIds }) => [...channelIds])]),
      receivers: new Set([receiver, ...touched.flatMap(({ receivers }) => [...receivers])]),
    };
    return [...groups.filter((group) => !touched.includes(group)), joined];
  }, []);
}

/** I5. */
async function startedTooLate({ database }: Checked): Promise<string[]> {
  const rows = await database.query<{ attempt: string }>(
    `select row_to_json(a)::text as attempt from deliveries.attempt a join deliveries.delivery d using (delivery_id)
     where a.started_at >= d.deadline`,
  );
  return rows.map(({ attempt }) => attempt);
}

const TABLES = ['channel', 'notification', 'delivery', 'attempt', 'gate', 'reminder', 'silence'];

async function secretsInRows({ database, channels }: Checked): Promise<string[]> {
  const found: string[] = [];
  for (const table of TABLES) {
    const [row] = await database.query<{ count: number }>(
      `select count(*)::int as count from deliveries.${table} t, unnest($1::text[]) as s (secret)
       where position(s.secret in to_jsonb(t)::text) > 0`,
      [[...channels.secretTexts]],
    );
    if (row!.count > 0) found.push(`${row!.count} rows of ${table} hold a channel's secret`);
  }
  return found;
}

/** A channel whose attempts have all succeeded carries no trace of what happened to others. */
async function disturbedWithoutFailure({ database }: Checked): Promise<string[]> {
  const rows = await database.query<{ channel: string }>(
    `select row_to_json(c)::text as channel
     from (select channel_id, name, failures, failing_since, open_until, stopped_reason from deliveries.channel where deleted_at is null) c
     where (failures > 0 or failing_since is not null or open_until is not null or stopped_reason is not null)
       and exists (select from deliveries.delivery d join deliveries.attempt a using (delivery_id) where d.channel_id = c.channel_id)
       and not exists (select from deliveries.delivery d join deliveries.attempt a using (delivery_id)
         where d.channel_id = c.channel_id and a.outcome is distinct from 'delivered')`,
  );
  return rows.map(({ channel }) => channel);
}
