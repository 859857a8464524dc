import { performance } from 'node:perf_hooks';
import type { Database } from './database.js';

/** A database clock that moves otherwise than ours by more than this has been set. */
const STEP_MS = 5_000;
/** So long the owner has to set it right again; then the new time counts. */
export const CLOCK_DISTRUST_MS = 300_000;

export interface ClockStep {
  /** By how much the clock was set, milliseconds; negative: back. */
  ms: number;
  /** It was set back to where it was before the last step. */
  undone: boolean;
}

/** The database's clock at a moment between two readings of the monotonic one. */
interface Reading {
  database: number;
  before: number;
  after: number;
}

/** Notices when the database's clock is set: compares how it moves with a clock that nobody can set. */
export class ClockWatch {
  private lastSeen: Reading | null = null;
  private step = 0;
  private steppedAt = -Infinity;

  /** `monotonic` answers milliseconds. */
  constructor(
    private readonly database: Pick<Database, 'query'>,
    private readonly monotonic: () => number = () => performance.now(),
  ) {}

  /** Looks once; answers the step since the look before, if there was one. */
  async look(): Promise<ClockStep | null> {
    const before = this.monotonic();
    const rows = await this.database.query<{ now: number }>(
      'select extract(epoch from clock_timestamp())::float8 * 1000 as now',
    );
    const seen: Reading = { database: rows[0]?.now ?? 0, before, after: this.monotonic() };
    const { lastSeen } = this;
    this.lastSeen = seen;
    const ms = lastSeen === null ? 0 : movedBetween(lastSeen, seen);
    return Math.abs(ms) > STEP_MS ? this.note(ms, seen.after) : null;
  }

  /** By how much the clock was set in the last five minutes and not set back, milliseconds; 0 while it can be trusted. */
  get standingStepMs(): number {
    const isOld = (this.lastSeen?.after ?? 0) - this.steppedAt > CLOCK_DISTRUST_MS;
    return isOld || Math.abs(this.step) <= STEP_MS ? 0 : this.step;
  }

  private note(ms: number, now: number): ClockStep {
    const undone = Math.abs(this.step + ms) <= STEP_MS && now - this.steppedAt <= CLOCK_DISTRUST_MS;
    this.step = undone ? 0 : ms;
    this.steppedAt = now;
    return { ms, undone };
  }
}

/** By how much the clock was set at least: a slow answer is no step. */
function movedBetween(last: Reading, seen: Reading): number {
  const passed = seen.database - last.database;
  const least = passed - (seen.after - last.before);
  const most = passed - (seen.before - last.after);
  if (least > 0) return least;
  return Math.min(most, 0);
}
