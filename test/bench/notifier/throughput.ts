import { Agent, request } from 'undici';
import { BY_OWNER, until, WebhookReceiver } from '#libs/testing';
import { NotifierFixture } from '../../faults/notifier/notifier-fixture.js';
import type { BenchPostgres } from './bench-database.js';
import { median, shuffled, type BenchRow } from './rows.js';

const ROUNDS = 5;
const PARALLEL = 32;

const KINDS = ['bare', 'alone', 'again', 'beside'] as const;
type Kind = (typeof KINDS)[number];
type Round = Record<Kind, number>;

/**
 * Durable webhook deliveries of one worker, alone, alone again (the noise), and beside an endpoint that hangs. Every round
 * measures all of them and the bare posts in an order of its own; ratios are taken within a round, and their median counts. What
 * runs first is slow for reasons of its own, so one round before them is thrown away.
 */
export async function measureThroughput(postgres: BenchPostgres, alerts: number): Promise<BenchRow[]> {
  const rounds: Round[] = [];
  for (let n = 0; n <= ROUNDS; n++) {
    const round = await measureRound(postgres, alerts);
    if (n > 0) rounds.push(round);
  }
  const rateOf = (kind: Kind): number => median(rounds.map((round) => round[kind]));
  const ratioOf = (kind: Kind, to: Kind): number => median(rounds.map((round) => round[kind] / round[to]));
  const alone = rateOf('alone');
  const aa = ratioOf('again', 'alone');
  const cost = (1 - ratioOf('beside', 'alone')) * 100;
  // Two measurements of the same thing that differ by more say something about the machine, not about the code.
  const quiet = Math.abs(aa - 1) <= 0.1;
  return [
    {
      figure: 'webhook deliveries, durable, one worker',
      value: alone,
      unit: '/s',
      baseline: rateOf('bare'),
      ratio: ratioOf('alone', 'bare'),
      goal: '≥ 1000/s',
      ...(quiet && { met: alone >= 1000 }),
    },
    {
      figure: `the same again (A/A)${quiet ? '' : ': too noisy, the run is void'}`,
      value: rateOf('again'),
      unit: '/s',
      ratio: aa,
      goal: '0.9–1.1',
      met: quiet,
    },
    {
      figure: 'cost of one hung endpoint to the healthy one',
      value: cost,
      unit: '%',
      goal: '< 5 %',
      ...(quiet && { met: cost < 5 }),
    },
  ];
}

async function measureRound(postgres: BenchPostgres, alerts: number): Promise<Round> {
  const round: Round = { bare: 0, alone: 0, again: 0, beside: 0 };
  for (const kind of shuffled(KINDS)) {
    round[kind] = kind === 'bare' ? await barePosts(alerts) : await deliver(postgres, alerts, kind === 'beside');
  }
  return round;
}

/** Signed nowhere, recorded nowhere: what the machine posts to the same receiver. */
async function barePosts(count: number): Promise<number> {
  await using receiver = await WebhookReceiver.start();
  const dispatcher = new Agent({ connections: PARALLEL });
  const body = JSON.stringify({ id: 'x'.repeat(900) });
  const started = Date.now();
  let left = count;
  const work = async (): Promise<void> => {
    while (left-- > 0) {
      const response = await request(receiver.url, { method: 'POST', body, dispatcher });
      await response.body.dump();
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  const rate = count / ((Date.now() - started) / 1000);
  await dispatcher.close();
  return rate;
}

/** Alerts are recorded first; what is measured is claiming, sending and writing the outcomes. */
async function deliver(postgres: BenchPostgres, alerts: number, besideHung: boolean): Promise<number> {
  await using fixture = await NotifierFixture.start({}, await postgres.fresh());
  await using healthy = await WebhookReceiver.start();
  await using hung = await WebhookReceiver.start();
  hung.respond(() => ({ instead: 'hang' }));
  const { id } = await fixture.webhook(healthy.url, { enabled: true });
  const other = besideHung ? await fixture.webhook(hung.url) : null;
  await fixture.database.query("update deliveries.channel set paused_until = clock_timestamp() + interval '1 hour'");
  const session = await fixture.warnedSession();
  const events = Array.from({ length: alerts }, () => fixture.expiringSoon(session));
  for (let at = 0; at < alerts; at += 500) await fixture.takeIn(...events.slice(at, at + 500));
  await fixture.database.query('update deliveries.channel set paused_until = null');
  await until(async () => healthy.received.length >= alerts && (await waiting(fixture, id)) === 0, {
    describe: 'all deliveries',
    timeoutMs: 300_000,
  });
  const rate = alerts / (await secondsOfSending(fixture, id));
  if (other) await fixture.channels.delete(other.id, BY_OWNER);
  return rate;
}

/** From the first attempt on record to the last outcome on record. When somebody looked for the first or the last is by chance. */
async function secondsOfSending(fixture: NotifierFixture, channelId: string): Promise<number> {
  const [row] = await fixture.database.query<{ seconds: number }>(
    `select extract(epoch from max(a.ended_at) - min(a.started_at))::float8 as seconds
     from deliveries.attempt a join deliveries.delivery d using (delivery_id) where d.channel_id = $1`,
    [channelId],
  );
  return row!.seconds;
}

async function waiting(fixture: NotifierFixture, channelId: string): Promise<number> {
  const rows = await fixture.database.query(
    'select from deliveries.delivery where channel_id = $1 and next_attempt_at is not null limit 1',
    [channelId],
  );
  return rows.length;
}
