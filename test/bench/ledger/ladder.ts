import { LOG } from '#libs/contracts';
import type { Database } from '#libs/database';
import type { Ledger } from '#libs/ledger';
import type { Anchor } from './anchor.js';
import { plainInsert, rowsWithoutLogic } from './baselines.js';
import type { Progress } from './progress.js';
import { measure, type Rung, type RungResult } from './rung.js';
import { renewalAppend, Sessions } from './sessions.js';
import { median, shuffled } from './statistics.js';

export interface LadderOptions {
  database: Database;
  ledger: Ledger;
  anchor: Anchor | null;
  callers: number;
  sessionsPerCaller: number;
  rounds: number;
  seconds: number;
  progress: Progress;
}

/** Medians over the rounds; ratios are taken within a round, then their median. */
export interface LadderResult {
  rates: Record<string, number>;
  p50: Record<string, number>;
  p99: Record<string, number>;
  /** L0 against itself: outside 0.9 to 1.1 the run is void. */
  aa: { median: number; low: number; high: number };
  oursToL0: number;
  oursToL1: number;
  oursToAnchor: number | null;
}

const AGAIN = 'L0 again';
const ANCHOR_STREAMS = 20;

/** Rungs in shuffled order within each round, so that a drift of the machine hits all of them alike. */
export async function climb(options: LadderOptions): Promise<LadderResult> {
  const { database, callers, rounds, seconds, progress } = options;
  const rungs = rungsOf(options);
  const results: Record<string, RungResult>[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    await database.query('select pg_sleep(0.2)');
    const measured: Record<string, RungResult> = {};
    for (const [index, rung] of shuffled(rungs).entries()) {
      progress.at('append', (round - 1) * rungs.length + index, rounds * rungs.length, `round ${round}, ${rung.name}`);
      measured[rung.name] = await measure(rung, callers, seconds);
    }
    results.push(measured);
    const rates = rungs.map(({ name }) => `${name} ${Math.round(measured[name]?.rate ?? 0)}/s`);
    progress.say(`  round ${round} of ${rounds}: ${rates.join(' · ')}`);
  }
  return summary(
    results,
    rungs.map(({ name }) => name),
  );
}

function rungsOf({ database, ledger, anchor, callers, sessionsPerCaller }: LadderOptions): Rung[] {
  const sessions = (firstVersion: number, each = sessionsPerCaller) => new Sessions(callers, each, firstVersion);
  const own = versionsSoFar.get(ledger) ?? sessions(1);
  const copy = versionsSoFar.get(database) ?? sessions(1);
  const foreign = anchor && (versionsSoFar.get(anchor) ?? sessions(0, ANCHOR_STREAMS));
  versionsSoFar.set(ledger, own).set(database, copy);
  if (anchor && foreign) versionsSoFar.set(anchor, foreign);
  const ours: Rung = {
    name: 'ours',
    write(slot) {
      const { sessionId, version } = own.take(slot);
      return ledger.append(renewalAppend(sessionId, version));
    },
  };
  return [
    plainInsert(database, sessions(1)),
    plainInsert(database, sessions(1), AGAIN),
    rowsWithoutLogic(database, copy),
    ours,
    ...(anchor && foreign ? [anchor.rung(foreign)] : []),
  ];
}

/** Versions go on from one ladder to the next: the tables do too. */
const versionsSoFar = new WeakMap<object, Sessions>();

function summary(rounds: Record<string, RungResult>[], names: string[]): LadderResult {
  const of = (name: string, field: keyof RungResult) => median(rounds.map((round) => round[name]?.[field] ?? NaN));
  const ratios = (above: string, below: string) =>
    rounds.map((round) => (round[above]?.rate ?? NaN) / (round[below]?.rate ?? NaN));
  const table = (field: keyof RungResult) => Object.fromEntries(names.map((name) => [name, of(name, field)]));
  const aa = ratios(AGAIN, 'L0');
  return {
    rates: table('rate'),
    p50: table('p50'),
    p99: table('p99'),
    aa: { median: median(aa), low: Math.min(...aa), high: Math.max(...aa) },
    oursToL0: median(ratios('ours', 'L0')),
    oursToL1: median(ratios('ours', 'L1')),
    oursToAnchor: names.includes('emmett') ? median(ratios('ours', 'emmett')) : null,
  };
}

/** Speed without order is worth nothing: every event of the run has its position, no version is missing. */
export async function lostOrReordered(database: Database): Promise<number> {
  for (;;) {
    const rows = await database.query('select position from ledger.sequence($1, 5000)', [LOG]);
    if (rows.length === 0) break;
  }
  const text = `
    with ordered as (
      select stream_id, version, lag(version, 1, 0::bigint) over (partition by stream_id order by position) as before
      from ledger.entry
    )
    select (select count(*) from ledger.event) - (select count(*) from ledger.entry)
      + (select count(*) from ordered where version <> before + 1) as wrong`;
  const [row] = await database.query<{ wrong: number }>(text);
  return row?.wrong ?? -1;
}
