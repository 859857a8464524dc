import type { Database, PoolClient } from '#libs/database';
import { suppressQueued } from '../channels/channels.js';
import { raiseTrouble } from '../notifications/raise-trouble.js';
import type { ClaimedMessage, Outcome } from './claimed-message.js';

/** Failures in a row that open the breaker. */
export const BREAKER_FAILURES = 5;
/** The breaker lets one try through after 2 s, 4 s, … at most 30 s. */
const BREAKER_MAX_SECONDS = 30;
/** Whatever a far side asks for: the next alert may be more urgent. A bot's own pause is its gate's, and is kept whole. */
const MAX_PAUSE_SECONDS = 3600;
/** A channel that only fails for this long is turned off. */
const DISABLE_AFTER = "interval '120 hours'";

type Result = { message: ClaimedMessage; outcome: Outcome };

/** Notes on the channel's row what its attempts say about it; claimers of all notifiers read it there. */
export async function noteHealth(client: PoolClient, channelId: string, results: readonly Result[]): Promise<string[]> {
  const succeeded = results.some(({ outcome }) => outcome.kind === 'delivered');
  if (succeeded) await noteSuccess(client, channelId);
  const failures = results.filter(({ outcome }) => outcome.kind !== 'delivered' && blamesChannel(outcome)).length;
  const woken = failures > 0 && !succeeded ? await noteFailures(client, channelId, failures, results) : [];
  for (const { message, outcome } of results) {
    if (outcome.kind !== 'failed') continue;
    if (outcome.retryAfter !== undefined) await pause(client, channelId, restOf(message, outcome.retryAfter));
    if (outcome.stop) woken.push(...(await stop(client, channelId, outcome.stop, outcome.detail)));
  }
  return woken;
}

/** A refusal of one message says nothing about the next one. */
function blamesChannel(outcome: Exclude<Outcome, { kind: 'delivered' }>): boolean {
  return outcome.reason !== 'rejected' && outcome.reason !== 'rate_limited' && outcome.reason !== 'internal';
}

async function noteSuccess(client: PoolClient, channelId: string): Promise<void> {
  await client.query({
    name: 'note success',
    text: `update deliveries.channel set failures = 0, failing_since = null, open_until = null, stopped_reason = null,
       told_at = null, succeeded_at = clock_timestamp()
     where channel_id = $1 and (failures > 0 or stopped_reason is not null or told_at is not null or succeeded_at is null
       or succeeded_at < clock_timestamp() - interval '10 seconds')`,
    values: [channelId],
  });
}

async function noteFailures(
  client: PoolClient,
  channelId: string,
  failures: number,
  results: readonly Result[],
): Promise<string[]> {
  const { rows } = await client.query<{ failures: number; worn_out: boolean }>(
    `update deliveries.channel set failures = failures + $2, failing_since = coalesce(failing_since, clock_timestamp()),
       open_until = case when failures + $2 >= ${BREAKER_FAILURES} then clock_timestamp()
         + make_interval(secs => least(${BREAKER_MAX_SECONDS}, 2 ^ least(10, failures + $2 - ${BREAKER_FAILURES} + 1))) end
     where channel_id = $1
     returning failures, failing_since < clock_timestamp() - ${DISABLE_AFTER} as worn_out`,
    [channelId, failures],
  );
  const row = rows[0];
  if (!row || row.failures < BREAKER_FAILURES) return [];
  const last = results.findLast(({ outcome }) => outcome.kind !== 'delivered')?.outcome.detail ?? '';
  if (row.worn_out) return stop(client, channelId, 'gone', `nothing but failures for 120 hours, the last one: ${last}`);
  return raiseTrouble(client, {
    channelId,
    reason: `${row.failures} attempts in a row failed, the last one: ${last}. It is tried again every half minute.`,
  });
}

/** Seconds to rest: what was asked for, but never past the time in which this message can still be told. */
function restOf({ deadline, startedAt }: ClaimedMessage, retryAfter: number): number {
  const budget = (deadline - startedAt) / 1000;
  return retryAfter < budget ? retryAfter : budget / 2;
}

async function pause(client: PoolClient, channelId: string, seconds: number): Promise<void> {
  await client.query(
    `update deliveries.channel set paused_until = greatest(paused_until, clock_timestamp() + make_interval(secs => $2))
     where channel_id = $1`,
    [channelId, Math.min(seconds, MAX_PAUSE_SECONDS)],
  );
}

const REMEDY = {
  credentials: 'Give it valid credentials: sledger channel change (or PATCH /v1/channels/:id).',
  recipient: 'The recipient has to accept messages again; then send a test: sledger channel test.',
  configuration:
    'Its secrets do not open with this sealing key, or are of another version. Give them anew: sledger channel change (or PATCH /v1/channels/:id).',
  gone: 'It was turned off. Give it a working target and turn it on again: sledger channel change --on (or PATCH /v1/channels/:id).',
} as const;

/** Nothing can be sent on this channel as it is configured: it is stopped, and the owner is told through the others. */
export async function stopUnusable(database: Database, channelId: string): Promise<void> {
  await database.transaction((client) =>
    stop(client, channelId, 'configuration', 'its configuration cannot be opened'),
  );
}

async function stop(
  client: PoolClient,
  channelId: string,
  kind: keyof typeof REMEDY,
  detail: string,
): Promise<string[]> {
  const { rows } = await client.query<{ is_news: boolean }>(
    `with before as (
       select channel_id, stopped_reason, stopped_reason is null or (enabled and $3) as is_news
       from deliveries.channel where channel_id = $1 for update)
     update deliveries.channel c set stopped_reason = $2, enabled = enabled and not $3, version = version + 1
     from before b where c.channel_id = b.channel_id and b.stopped_reason is distinct from $2
     returning b.is_news`,
    [channelId, detail, kind === 'gone'],
  );
  if (kind === 'gone') await suppressQueued(client, channelId, 'the channel was turned off: its target is gone');
  const isNews = rows[0]?.is_news ?? false;
  return raiseTrouble(client, { channelId, reason: `${detail}. ${REMEDY[kind]}`, isNews });
}
