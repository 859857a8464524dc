import { setTimeout as sleep } from 'node:timers/promises';
import { BY_OWNER, until, WebhookReceiver } from '#libs/testing';
import { NotifierFixture } from '../../faults/notifier/notifier-fixture.js';
import type { BenchPostgres } from './bench-database.js';
import { median, quantile, shuffled, type BenchRow } from './rows.js';

const ROUNDS = 3;
const ALERTS = 500;
const EVERY_MS = 10;
/** Not counted: connections are opened, code is compiled. */
const WARM_UP = 50;

const KINDS = ['alone', 'again', 'beside'] as const;
type Round = Record<(typeof KINDS)[number], number>;

/**
 * What an alert takes from the log to a healthy webhook at a steady rate: alone, alone again (the noise), and beside one channel
 * that hangs and one that always fails. 99th percentiles; the ratios are taken within a round, and their median counts.
 */
export async function measureIsolation(postgres: BenchPostgres): Promise<BenchRow[]> {
  const rounds: Round[] = [];
  for (let n = 0; n < ROUNDS; n++) {
    const round: Round = { alone: 0, again: 0, beside: 0 };
    for (const kind of shuffled(KINDS)) round[kind] = await p99(postgres, kind === 'beside');
    rounds.push(round);
  }
  const medianOf = (kind: keyof Round): number => median(rounds.map((round) => round[kind]));
  const ratioOf = (kind: keyof Round): number => median(rounds.map((round) => round[kind] / round.alone));
  const [aa, ratio] = [ratioOf('again'), ratioOf('beside')];
  const quiet = aa >= 0.5 && aa <= 2;
  return [
    {
      figure: 'p99 of a healthy webhook beside one that hangs and one that fails',
      value: medianOf('beside'),
      unit: 'ms',
      baseline: medianOf('alone'),
      ratio,
      goal: '≤ 2 × its own',
      ...(quiet && { met: ratio <= 2 }),
    },
    {
      figure: `its own p99 again (A/A)${quiet ? '' : ': too noisy, the ratio is void'}`,
      value: medianOf('again'),
      unit: 'ms',
      ratio: aa,
      goal: '0.5–2',
      met: quiet,
    },
  ];
}

async function p99(postgres: BenchPostgres, besideBroken: boolean): Promise<number> {
  await using fixture = await NotifierFixture.start({}, await postgres.fresh());
  await using healthy = await WebhookReceiver.start();
  await using hung = await WebhookReceiver.start();
  await using failing = await WebhookReceiver.start();
  hung.respond(() => ({ instead: 'hang' }));
  failing.respond(() => ({ status: 500 }));
  await fixture.webhook(healthy.url);
  const broken = besideBroken ? [await fixture.webhook(hung.url), await fixture.webhook(failing.url)] : [];
  const session = await fixture.warnedSession();
  const dueAt = new Map<string, number>();
  const started = Date.now();
  for (let n = 0; n < WARM_UP + ALERTS; n++) {
    const event = fixture.expiringSoon(session);
    const due = started + n * EVERY_MS;
    await sleep(Math.max(0, due - Date.now()));
    // From when it was due, so that what waits for the one before is not forgotten.
    if (n >= WARM_UP) dueAt.set(event.id, due);
    await fixture.notifier.intake.apply([event]);
  }
  // What the channel is told of the others' trouble is not counted.
  const arrivals = (): number[] =>
    healthy.received.flatMap(({ body, receivedAt }) => {
      const due = dueAt.get((JSON.parse(body) as { id: string }).id);
      return due === undefined ? [] : [receivedAt - due];
    });
  await until(() => arrivals().length >= ALERTS, { describe: 'all alerts', pollMs: 100, timeoutMs: 60_000 });
  for (const { id } of broken) await fixture.channels.delete(id, BY_OWNER);
  return Math.max(1, quantile(arrivals(), 0.99));
}
