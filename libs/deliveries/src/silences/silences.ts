import { LedgerError, type SilenceView } from '#libs/contracts';
import type { Database } from '#libs/database';
import { newId } from '#libs/platform';
import { type Author, recorded } from '../record-change.js';

export interface NewSilence {
  /** Neither agent nor session: everything. */
  agentId?: string | undefined;
  sessionId?: string | undefined;
  mode: 'snooze' | 'silence';
  /** Seconds from now. */
  duration: number;
  reason?: string | undefined;
}

interface SilenceRow {
  silence_id: string;
  agent_id: string | null;
  session_id: string | null;
  mode: 'snooze' | 'silence';
  reason: string | null;
  created_by: string;
  created_at: Date;
  ends_at: Date;
}

const COLUMNS = 'silence_id, agent_id, session_id, mode, reason, created_by, created_at, ends_at';

/** The owner's wishes not to hear of something for a while. They are asked at each sending; critical alerts pass. */
export class Silences {
  constructor(private readonly database: Database) {}

  /** Throws `IDEMPOTENCY_KEY_REUSED`. */
  async create(silence: NewSilence, author: Author): Promise<SilenceView> {
    const { mode, duration, agentId, sessionId, reason } = silence;
    const silenceId = newId();
    const data = {
      silenceId,
      mode,
      duration,
      ...(agentId !== undefined && { agentId }),
      ...(sessionId !== undefined && { sessionId }),
      ...(reason !== undefined && { reason }),
    };
    return recorded(this.database, author, [{ type: 'SilenceSet', data }], async (client) => {
      const { rows } = await client.query<SilenceRow>(
        `insert into deliveries.silence (silence_id, agent_id, session_id, mode, reason, created_by, ends_at)
         values ($1, $2, $3, $4, $5, $6, clock_timestamp() + make_interval(secs => $7)) returning ${COLUMNS}`,
        [silenceId, agentId ?? null, sessionId ?? null, mode, reason ?? null, author.actor, duration],
      );
      return viewOf(rows[0]!);
    });
  }

  /** Those that still hold, newest first. */
  async list(): Promise<SilenceView[]> {
    const rows = await this.database.query<SilenceRow>(
      `select ${COLUMNS} from deliveries.silence where ends_at > clock_timestamp() order by silence_id desc`,
    );
    return rows.map(viewOf);
  }

  /** Ends it now: what was put off is decided again at once. Throws `NOT_FOUND`. */
  async end(id: string, author: Author): Promise<void> {
    const ended = await this.endAll([id], author);
    if (ended === 0) throw new LedgerError('NOT_FOUND', { detail: `There is no silence ${id}.` });
  }

  /** Ends every snooze, whoever began it; what is silenced stays so. */
  async endSnoozes(author: Author): Promise<void> {
    const snoozes = (await this.list()).filter(({ mode }) => mode === 'snooze');
    if (snoozes.length > 0)
      await this.endAll(
        snoozes.map(({ id }) => id),
        author,
      );
  }

  private endAll(ids: string[], author: Author): Promise<number> {
    const facts = ids.map((silenceId) => ({ type: 'SilenceEnded', data: { silenceId } }) as const);
    return recorded(this.database, author, facts, async (client) => {
      const { rowCount } = await client.query(
        `update deliveries.silence set ends_at = clock_timestamp()
         where silence_id = any($1) and ends_at > clock_timestamp()`,
        [ids],
      );
      await client.query(
        `update deliveries.delivery set next_attempt_at = clock_timestamp()
         where next_attempt_at > clock_timestamp() and postponed_by = 'snooze' and status in ('pending', 'retry')`,
      );
      return rowCount ?? 0;
    });
  }
}

function viewOf(row: SilenceRow): SilenceView {
  return {
    id: row.silence_id,
    agentId: row.agent_id,
    sessionId: row.session_id,
    mode: row.mode,
    reason: row.reason,
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
    endsAt: row.ends_at.toISOString(),
  };
}
