import { type Revocation, type RevocationPage } from '#libs/contracts';
import { type CommandDeps } from '#libs/commands';
import { type LogEntry } from '#libs/ledger';
import { isSessionEvent, toEpochSeconds, toRfc3339 } from '#libs/session';
import { decodeFeedCursor, encodeFeedCursor, type FeedCursor } from './feed-cursor.js';

type Deps = Pick<CommandDeps, 'store' | 'heads' | 'database' | 'settings'>;

export interface FeedRequest {
  cursor?: string | undefined;
  limit: number;
  /** Only these agents' sessions; null = all. */
  agents: readonly string[] | null;
}

const POSITION = `select position from ledger.sequencer where log = 'main'`;
const DEAD_HEADS = `
  select session_id, generation, status <> 'active' as ended, issued_at, previous_token_accepted
  from ledger.session_head
  where session_id > $1 and expires_at > $2 and (generation > 0 or status <> 'active')
    and ($3::uuid[] is null or agent_id = any($3))
  order by session_id limit $4`;
/** No session lives longer: older ones have no token left that is worth naming. */
const LONGEST_SESSION_MS = 7_776_000_000;

interface HeadRow extends Record<string, unknown> {
  session_id: string;
  generation: number;
  ended: boolean;
  issued_at: number;
  previous_token_accepted: boolean;
}

/** What is dead before its time: first as the heads say it, then as the log goes on. */
export async function readRevocations(deps: Deps, request: FeedRequest): Promise<RevocationPage> {
  const { active: killSwitchActive } = await deps.heads.killSwitch();
  const cursor = request.cursor === undefined ? await beginning(deps) : decodeFeedCursor(request.cursor);
  const page = cursor.phase === 'heads' ? await fromHeads(deps, cursor, request) : await fromLog(deps, cursor, request);
  return { ...page, killSwitchActive };
}

/** The position is taken before the heads are read: what changes meanwhile comes again in the log, which does no harm. */
async function beginning({ database, heads }: Deps): Promise<FeedCursor> {
  const [row] = await database.query<{ position: number }>(POSITION);
  return {
    phase: 'heads',
    position: row?.position ?? 0,
    afterSession: firstIdAt((await heads.now()) - LONGEST_SESSION_MS),
  };
}

/** The lowest UUID v7 of a time (epoch milliseconds). */
function firstIdAt(time: number): string {
  const hex = Math.max(0, time).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}

async function fromHeads(
  { database, heads, settings }: Deps,
  cursor: Extract<FeedCursor, { phase: 'heads' }>,
  { limit, agents }: FeedRequest,
): Promise<Omit<RevocationPage, 'killSwitchActive'>> {
  const now = Math.floor((await heads.now()) / 1000);
  const rows = await database.prepared<HeadRow>('api.revocations.heads', DEAD_HEADS, [
    cursor.afterSession,
    now,
    agents,
    limit,
  ]);
  const last = rows.length === limit ? rows.at(-1) : undefined;
  const next: FeedCursor = last
    ? { ...cursor, afterSession: last.session_id }
    : { phase: 'log', position: cursor.position };
  const items = rows.map((row) => ({
    sessionId: row.session_id,
    generation: row.generation,
    ended: row.ended,
    deadFrom: toRfc3339(row.issued_at + (!row.ended && row.previous_token_accepted ? settings.previousTokenGrace : 0)),
  }));
  return { items, cursor: encodeFeedCursor(next), hasMore: true };
}

async function fromLog(
  { store, settings }: Deps,
  { position }: FeedCursor,
  { limit, agents }: FeedRequest,
): Promise<Omit<RevocationPage, 'killSwitchActive'>> {
  const entries = await store.readLog({ after: position, limit });
  const seen = entries.filter(
    ({ data }) => agents === null || agents.includes((data as { agentId?: string }).agentId ?? ''),
  );
  return {
    items: seen.flatMap((entry) => revocationOf(entry, settings.previousTokenGrace) ?? []),
    cursor: encodeFeedCursor({ phase: 'log', position: entries.at(-1)?.position ?? position }),
    hasMore: entries.length === limit,
  };
}

function revocationOf({ type, data, time }: LogEntry, grace: number): Revocation | null {
  const event = { type, data };
  if (!isSessionEvent(event)) return null;
  const { sessionId } = event.data;
  switch (event.type) {
    case 'SessionRenewed': {
      const { generation, cause, issuedAt } = event.data;
      const deadFrom = toEpochSeconds(issuedAt) + (cause === 'renewal' ? grace : 0);
      return { sessionId, generation, ended: false, deadFrom: toRfc3339(deadFrom) };
    }
    case 'SessionRevoked':
    case 'SessionExpired':
      return { sessionId, generation: 0, ended: true, deadFrom: toRfc3339(toEpochSeconds(time)) };
    default:
      return null;
  }
}
