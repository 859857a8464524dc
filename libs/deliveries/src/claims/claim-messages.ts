import type { ChannelType } from '#libs/contracts';
import type { Database, PoolClient } from '#libs/database';
import type { Channel } from '../channels/channel.js';
import { quietUntil } from '../channels/quiet-hours.js';
import { raiseTrouble } from '../notifications/raise-trouble.js';
import type { Stage } from '../notifications/record-notification.js';
import type { ClaimedMessage, Member } from './claimed-message.js';
import { decideAtSend, type OwnersWishes, type SendDecision } from './decide-at-send.js';
import { activeSilences, carriedBy, dueAlertOf, isOutdated, lockDue, memberOf, type DueRow } from './due-rows.js';
import { closeLostAttempts } from './lost-attempts.js';
import { dropTurns, settle, settleMembers, startNextTurn, type Settlement } from './settle.js';
import { supersedingEvents } from './superseding-events.js';
import { unknownsAllowed } from './unknown-policy.js';

export interface ClaimOptions {
  channel: Pick<Channel, 'id' | 'type' | 'version' | 'quietHours'>;
  /** Messages that can be sent at once. */
  slots: number;
  /** How many of them may be later attempts. */
  again: number;
  /** More first attempts than this become one message; null never merges. */
  digestAbove: number | null;
  leaseSeconds: number;
  /** Deliveries that the asking process has under way itself. */
  underWay: readonly string[];
  /** The channel is stopped: only test and canary messages. */
  onlyProbes: boolean;
  /** Text of a message, fixed at its first attempt; null where each attempt renders the same from the event. `now`: epoch milliseconds. */
  render: (members: Member[], now: number) => unknown;
}

export interface Claim {
  /** The channel is not any more what `options.channel` says: nothing was claimed; look at it again. */
  outdated: boolean;
  messages: ClaimedMessage[];
}

/** How many alerts one message carries at most. */
const DIGEST_LIMIT = 5000;
/** Nobody misses these: whoever sent them looks at what became of them. */
const OF_THE_CHANNEL: ReadonlySet<Stage> = new Set(['trouble', 'canary', 'test']);

interface Dropped {
  row: DueRow;
  decision: Exclude<SendDecision, { do: 'send' }>;
}

interface Sendable {
  row: DueRow;
  /** With the row's own; at the first attempt of a digest by level, as its text names them. */
  members: Member[];
}

/**
 * Takes the messages of a channel that are due, decides each again, and puts their attempts on record. When this returns, the
 * attempts are committed: whatever happens to this process, somebody will find them.
 */
export async function claimMessages(database: Database, options: ClaimOptions): Promise<Claim> {
  return database.transaction(async (client) => {
    const merging = options.digestAbove !== null;
    const rows = await lockDue(client, {
      channelId: options.channel.id,
      version: options.channel.version,
      underWay: options.underWay,
      first: merging ? DIGEST_LIMIT : options.slots,
      again: options.again,
      onlyProbes: options.onlyProbes,
    });
    if (rows.length === 0) {
      return { outdated: await isOutdated(client, options.channel.id, options.channel.version), messages: [] };
    }
    await closeLostAttempts(client, rows);
    const carried = await carriedBy(
      client,
      rows.filter((row) => row.carrier_id !== null).map((row) => row.delivery_id),
    );
    const now = rows[0]!.now;
    const { type, quietHours } = options.channel;
    const wishes = {
      silences: await activeSilences(client),
      quietUntil: quietHours && quietUntil(quietHours, now),
    };
    const sendable = await dropMoot(client, rows, carried, wishes, now, type);
    const chosen = choose(sendable, options);
    return { outdated: false, messages: await startAttempts(client, chosen, options, now) };
  });
}

async function dropMoot(
  client: PoolClient,
  rows: DueRow[],
  carried: Map<string, DueRow[]>,
  wishes: OwnersWishes,
  now: number,
  type: ChannelType,
): Promise<Sendable[]> {
  const sendable: Sendable[] = [];
  const dropped: Dropped[] = [];
  for (const row of rows) {
    const alerts: [DueRow, ...DueRow[]] = [row, ...(carried.get(row.delivery_id) ?? [])];
    const decided = decide(alerts, wishes, now, type);
    if (decided === 'send') sendable.push({ row, members: alerts.map(memberOf) });
    else dropped.push(...decided);
  }
  const causes = await supersedingEvents(client, dropped);
  await settle(
    client,
    dropped.map(({ row, decision }) => settlementOf(row, decision, causes)),
  );
  await settleMembers(
    client,
    dropped.flatMap(({ row, decision }) =>
      decision.do === 'postpone' && carried.has(row.delivery_id) ? row.delivery_id : [],
    ),
  );
  await dropTurns(
    client,
    dropped.flatMap(({ row, decision }) =>
      decision.do === 'suppress' && decision.by === 'silence' ? row.delivery_id : [],
    ),
  );
  const dead = dropped.filter(({ decision }) => decision.do === 'die');
  await startNextTurn(
    client,
    dead.map(({ row }) => row.notification_id),
  );
  const told = dead.find(({ row }) => !OF_THE_CHANNEL.has(row.stage));
  if (told) {
    await raiseTrouble(client, {
      channelId: told.row.channel_id,
      reason: `An alert was given up: ${told.decision.detail}.`,
    });
  }
  return sendable;
}

/**
 * What is fixed in a digest stays together: it goes while anything in it is worth telling, and waits for the first that will be.
 * Else each of its alerts ends by itself.
 */
function decide(
  alerts: [DueRow, ...DueRow[]],
  wishes: OwnersWishes,
  now: number,
  type: ChannelType,
): 'send' | Dropped[] {
  const [carrier] = alerts;
  if (carrier.unknowns > unknownsAllowed(type)) {
    const detail = 'it may have arrived, and a second try ended the same way';
    return alerts.map((row) => ({ row, decision: { do: 'die', detail } }));
  }
  const dropped: Dropped[] = [];
  for (const row of alerts) {
    const decision = decideAtSend(dueAlertOf(row), row.session, wishes, now);
    if (decision.do === 'send') return 'send';
    dropped.push({ row, decision });
  }
  const [soonest] = dropped
    .flatMap(({ decision }) => (decision.do === 'postpone' ? decision : []))
    .sort((a, b) => a.until - b.until);
  return soonest ? [{ row: carrier, decision: soonest }] : dropped;
}

function settlementOf(row: DueRow, decision: Dropped['decision'], causes: Map<string, string>): Settlement {
  const base = { deliveryId: row.delivery_id, detail: decision.detail, nextAttemptAt: null };
  switch (decision.do) {
    case 'supersede':
      return { ...base, status: 'superseded', supersededBy: causes.get(row.delivery_id) ?? null };
    case 'suppress':
      return { ...base, status: 'suppressed' };
    case 'postpone':
      return {
        ...base,
        status: row.attempts === 0 ? 'pending' : 'retry',
        nextAttemptAt: decision.until,
        postponedBy: decision.by,
      };
    case 'die':
      return { ...base, status: 'dead' };
  }
}

function choose(sendable: Sendable[], { slots, digestAbove }: ClaimOptions): Sendable[] {
  const first = sendable.filter(({ row }) => row.attempts === 0);
  const again = sendable.filter(({ row }) => row.attempts > 0);
  if (digestAbove === null || first.length <= digestAbove) {
    const reserved = Math.min(first.length, Math.max(1, slots - again.length));
    return [...first.slice(0, reserved), ...again].slice(0, slots);
  }
  const byLevel = [...first].sort((a, b) => b.row.level - a.row.level);
  // The one with the most time carries the others: its deadline is the message's.
  const { row } = byLevel.reduce((last, next) => (next.row.deadline > last.row.deadline ? next : last));
  const digest: Sendable = { row, members: byLevel.flatMap(({ members }) => members) };
  return [digest, ...again].slice(0, Math.max(1, slots));
}

async function startAttempts(
  client: PoolClient,
  chosen: Sendable[],
  { channel, leaseSeconds, render }: ClaimOptions,
  now: number,
): Promise<ClaimedMessage[]> {
  if (chosen.length === 0) return [];
  const contents = chosen.map(({ row, members }) => row.content ?? render(members, now));
  await joinDigests(client, chosen);
  const { rows } = await client.query<{ delivery_id: string; number: number; fence: number }>({
    name: 'start attempts',
    text: `with claimed as (
       update deliveries.delivery d set status = 'attempting', attempts = d.attempts + 1, fence = d.fence + 1, detail = null,
         next_attempt_at = clock_timestamp() + make_interval(secs => $3), content = c.content, carrier_id = c.carrier_id
       from unnest($1::uuid[], $2::jsonb[], $4::uuid[]) as c (id, content, carrier_id) where d.delivery_id = c.id
       returning d.delivery_id, d.attempts, d.fence)
     insert into deliveries.attempt (delivery_id, number, fence)
     select delivery_id, attempts, fence from claimed
     returning delivery_id, number, fence`,
    values: [
      chosen.map(({ row }) => row.delivery_id),
      contents.map((content) => (content === null ? null : JSON.stringify(content))),
      leaseSeconds,
      chosen.map(({ row, members }) => (members.length > 1 ? row.delivery_id : null)),
    ],
  });
  const started = new Map(rows.map((row) => [row.delivery_id, row]));
  return chosen.map(({ row, members }, index) => {
    const attempt = started.get(row.delivery_id)!;
    return {
      deliveryId: row.delivery_id,
      channelId: channel.id,
      channelType: channel.type,
      attempt: attempt.number,
      fence: attempt.fence,
      startedAt: now,
      deadline: row.deadline,
      possibleRepeat: row.unknowns > 0,
      unknowns: row.unknowns,
      content: contents[index] ?? null,
      members,
    };
  });
}

/** From now on the members travel with their carrier. */
async function joinDigests(client: PoolClient, chosen: Sendable[]): Promise<void> {
  const joining = chosen.filter(({ row, members }) => row.attempts === 0 && members.length > 1);
  for (const { row, members } of joining) {
    await client.query(
      `update deliveries.delivery set carrier_id = $1, status = 'attempting', next_attempt_at = null, attempts = 1
       where delivery_id = any($2) and delivery_id <> $1`,
      [row.delivery_id, members.map((member) => member.deliveryId)],
    );
  }
}
