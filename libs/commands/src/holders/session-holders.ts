import { sessionStream, type SessionHoldersView, type SessionHolderView } from '#libs/contracts';
import type { Database } from '#libs/database';
import type { SessionSnapshot } from '#libs/ledger';

/** A holder that has not acknowledged a change for so long is not there. Milliseconds. */
const OFFLINE_AFTER = 30_000;

const LAST_CHANGE = `
select type in ('SessionRevoked', 'SessionExpired') as ended, extract(epoch from occurred_at) * 1000 as changed_at
from ledger.event
where stream_id = $1 and type in ('SessionCreated', 'SessionRenewed', 'SessionRevoked', 'SessionExpired')
order by version desc limit 1`;

const HOLDERS = `
select h.holder_id, h.name, r.generation, r.ended, r.acknowledged_at, r.last_seen_at
from ledger.holder_head h left join ledger.holder_receipt r using (holder_id, session_id)
where h.session_id = $1 and h.removed_at is null
order by h.holder_id desc`;

interface Change extends Record<string, unknown> {
  ended: boolean;
  /** Epoch milliseconds. */
  changed_at: string;
}

interface HolderRow extends Record<string, unknown> {
  holder_id: string;
  name: string;
  generation: number | null;
  ended: boolean | null;
  acknowledged_at: Date | null;
  last_seen_at: Date | null;
}

/** Who has taken the session's current generation, or its end, how fast, and who is offline. */
export async function sessionHolders(
  database: Database,
  { head, now }: Pick<SessionSnapshot, 'head' | 'now'>,
): Promise<SessionHoldersView> {
  const { sessionId, generation } = head;
  const [[change], rows] = await Promise.all([
    database.prepared<Change>('commands.last-change', LAST_CHANGE, [sessionStream(sessionId)]),
    database.prepared<HolderRow>('commands.session-holders', HOLDERS, [sessionId]),
  ]);
  if (!change) throw new Error(`session ${sessionId} has a head and no event`);
  const due = { generation, ended: change.ended, changedAt: Number(change.changed_at), now };
  const items = rows.map((row) => viewOf(row, due));
  const count = (standing: SessionHolderView['standing']) => items.filter((item) => item.standing === standing).length;
  return {
    sessionId,
    generation,
    ended: due.ended,
    changedAt: new Date(due.changedAt).toISOString(),
    current: count('current'),
    behind: count('behind'),
    offline: count('offline'),
    items,
  };
}

function viewOf(
  row: HolderRow,
  due: { generation: number; ended: boolean; changedAt: number; now: number },
): SessionHolderView {
  const ended = row.ended ?? false;
  const hasTaken = due.ended ? ended : row.generation === due.generation && !ended;
  const acknowledgedAt = row.acknowledged_at?.getTime() ?? null;
  const late = due.now - due.changedAt > OFFLINE_AFTER ? 'offline' : 'behind';
  return {
    id: row.holder_id,
    name: row.name,
    standing: hasTaken ? 'current' : late,
    generation: row.generation,
    ended,
    acknowledgedAt: row.acknowledged_at?.toISOString() ?? null,
    latencyMs: hasTaken && acknowledgedAt !== null ? Math.max(0, Math.round(acknowledgedAt - due.changedAt)) : null,
    lastSeenAt: row.last_seen_at?.toISOString() ?? null,
  };
}
