import type { RecordDue } from '#libs/commands';
import { CLOCK_DISTRUST_MS, ClockWatch, type Database } from '#libs/database';
import type { Logger } from '#libs/platform';

/** What the notifier records by itself. */
export interface DueSessionCommands {
  announceExpiringSoon(sessionId: string, trigger: 'renewed' | 'sweep'): Promise<unknown>;
  recordDue(due: RecordDue): Promise<unknown>;
}

export interface SweepParts {
  database: Database;
  logger: Logger;
  commands: DueSessionCommands;
  /** Told that the database's clock was set back by so many milliseconds. */
  onSetBack?: (ms: number) => Promise<void>;
  /** Monotonic milliseconds. */
  monotonic?: () => number;
}

const PAGE = 500;

/**
 * The next page of heads that are due, after due time and session id. The time is read once, by a subselect: a volatile
 * function is no bound for an index.
 */
export const DUE_HEADS = `select session_id, due_at
  from ledger.session_head
  where due_at is not null and due_at <= (select extract(epoch from clock_timestamp())::bigint) and (due_at, session_id) > ($1, $2)
  order by due_at, session_id limit ${PAGE}`;

/** Looks at every session whose time has come: reads by index without locks, appends in small groups. */
export class Sweep {
  private readonly clock: ClockWatch;

  constructor(private readonly parts: SweepParts) {
    this.clock = new ClockWatch(parts.database, parts.monotonic);
  }

  /** One pass over all heads that are due now. Returns how many it looked at. */
  async pass(signal: AbortSignal): Promise<number> {
    const clockIsGood = await this.clockIsGood();
    let looked = 0;
    let after: { dueAt: number; sessionId: string } | null = null;
    do {
      const due: DueHead[] = await this.due(after);
      if (due.length > 0) await this.lookAt(due, clockIsGood);
      looked += due.length;
      const last = due.at(-1);
      after = last && due.length === PAGE ? { dueAt: last.due_at, sessionId: last.session_id } : null;
    } while (after !== null && !signal.aborted);
    return looked;
  }

  private due(after: { dueAt: number; sessionId: string } | null): Promise<DueHead[]> {
    return this.parts.database.prepared<DueHead>('due heads', DUE_HEADS, [
      after?.dueAt ?? -1,
      after?.sessionId ?? '00000000-0000-0000-0000-000000000000',
    ]);
  }

  private async lookAt(due: readonly DueHead[], clockIsGood: boolean): Promise<void> {
    const { commands, logger } = this.parts;
    await commands.recordDue({
      sessionIds: due.map((head) => head.session_id),
      expire: clockIsGood,
      onFailed: (sessionId, error) =>
        logger.error({ err: error, sessionId }, 'a due session cannot be swept; it is looked at again'),
    });
  }

  /** Whether the database's clock moved like ours: a step must not end sessions before somebody could set it right. */
  private async clockIsGood(): Promise<boolean> {
    const step = await this.clock.look();
    if (step !== null) {
      this.parts.logger.error(
        { stepMs: Math.round(step.ms) },
        step.undone
          ? 'the database clock was set back to where it was: sessions are expired again'
          : `the database clock was set: no session is expired for ${CLOCK_DISTRUST_MS / 60_000} minutes. If it is wrong, set it right`,
      );
      if (step.ms < 0) await this.parts.onSetBack?.(-step.ms);
    }
    return this.clock.standingStepMs === 0;
  }
}

interface DueHead {
  session_id: string;
  due_at: number;
}
