import type { Database, PoolClient } from '#libs/database';
import { raiseTrouble } from '../notifications/raise-trouble.js';
import { noteHealth } from './channel-health.js';
import type { ClaimedMessage, Outcome } from './claimed-message.js';
import { legibleOutcome } from './legible-outcome.js';
import { planAfter } from './plan-after.js';
import { endTurns, settle, settleMembers, startNextTurn, type Settlement } from './settle.js';

export interface AttemptResult {
  message: ClaimedMessage;
  outcome: Outcome;
}

export interface Completion {
  /** Channels that got something to send by this. */
  wake: Set<string>;
  /** Deliveries whose lease had gone to another claimer: their outcome is on the attempt only. */
  late: string[];
}

/** Writes what came of attempts: one transaction for all of them. `random`, in [0, 1), spreads the next ones. */
export async function completeAttempts(
  database: Database,
  given: readonly AttemptResult[],
  random: () => number = Math.random,
): Promise<Completion> {
  const results = given.map(({ message, outcome }) => ({ message, outcome: legibleOutcome(outcome) }));
  return database.transaction(async (client) => {
    const now = await closeAttempts(client, results);
    const plans = results.map(({ message, outcome }) => planAfter(message, outcome, now, random()));
    const written = await settle(
      client,
      plans,
      results.map(({ message }) => message.fence),
    );
    const carriers = results
      .filter(({ message }) => message.members.length > 1 && written.has(message.deliveryId))
      .map(({ message }) => message.deliveryId);
    await settleMembers(client, carriers);
    const wake = await settleTurns(client, results, plans, written);
    for (const [channelId, ofChannel] of byChannel(results)) {
      for (const woken of await noteHealth(client, channelId, ofChannel)) wake.add(woken);
    }
    await tellOfDead(client, results, plans, written, wake);
    const late = results.map(({ message }) => message.deliveryId).filter((id) => !written.has(id));
    return { wake, late };
  });
}

/**
 * An attempt that another claimer has closed meanwhile keeps its outcome; the late one is noted beside it. Returns the
 * database's time, epoch milliseconds.
 */
async function closeAttempts(client: PoolClient, results: readonly AttemptResult[]): Promise<number> {
  const { rows } = await client.query<{ now: number }>({
    name: 'close attempts',
    text: `with closed as (update deliveries.attempt a set
       ended_at = coalesce(a.ended_at, clock_timestamp()),
       outcome = coalesce(a.outcome, r.outcome),
       reason = coalesce(a.reason, r.reason),
       detail = case when a.outcome is null then r.detail else concat_ws('; late answer: ', a.detail, concat_ws(' ', r.outcome, r.detail)) end
     from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[]) as r (id, number, outcome, reason, detail)
     where a.delivery_id = r.id and a.number = r.number)
     select extract(epoch from clock_timestamp())::float8 * 1000 as now`,
    values: [
      results.map(({ message }) => message.deliveryId),
      results.map(({ message }) => message.attempt),
      results.map(({ outcome }) => outcome.kind),
      results.map(({ outcome }) => (outcome.kind === 'delivered' ? null : outcome.reason)),
      results.map(({ outcome }) => outcome.detail ?? null),
    ],
  });
  return rows[0]!.now;
}

async function settleTurns(
  client: PoolClient,
  results: readonly AttemptResult[],
  plans: readonly Settlement[],
  written: ReadonlyMap<string, string>,
): Promise<Set<string>> {
  const of = (status: Settlement['status']): string[] =>
    results.flatMap(({ message }, index) =>
      plans[index]!.status === status && written.has(message.deliveryId)
        ? message.members.map(({ notificationId }) => notificationId)
        : [],
    );
  const told = of('delivered');
  if (told.length > 0) await endTurns(client, told);
  return new Set(await startNextTurn(client, [...of('dead'), ...of('suppressed')]));
}

async function tellOfDead(
  client: PoolClient,
  results: readonly AttemptResult[],
  plans: readonly Settlement[],
  written: ReadonlyMap<string, string>,
  wake: Set<string>,
): Promise<void> {
  const told = new Set<string>();
  for (const [index, { message }] of results.entries()) {
    const plan = plans[index]!;
    const worthTelling = message.members.some(({ stage }) => stage !== 'trouble' && stage !== 'test');
    if (plan.status !== 'dead' || !written.has(message.deliveryId) || !worthTelling || told.has(message.channelId))
      continue;
    told.add(message.channelId);
    const reason = `An alert was given up: ${plan.detail}. See \`sledger deliveries list --status dead\`.`;
    for (const id of await raiseTrouble(client, { channelId: message.channelId, reason })) wake.add(id);
  }
}

function byChannel(results: readonly AttemptResult[]): Map<string, AttemptResult[]> {
  const grouped = new Map<string, AttemptResult[]>();
  for (const result of results) {
    const { channelId } = result.message;
    grouped.set(channelId, [...(grouped.get(channelId) ?? []), result]);
  }
  return grouped;
}
