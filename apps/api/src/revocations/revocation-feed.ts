import {
  type CloudEvent,
  domainEventOf,
  eventTypeOf,
  LedgerError,
  type Revocation,
  type RevocationPage,
  toCloudEvent,
  UnknownEvent,
} from '#libs/contracts';
import type { CommandDeps } from '#libs/commands';
import { lastPosition, readRecorded } from '#libs/ledger';
import { isSessionEvent, sessionEndOf, toEpochSeconds, toRfc3339 } from '#libs/session';
import { decodeFeedCursor, encodeFeedCursor, type FeedCursor } from './feed-cursor.js';

type Deps = Pick<CommandDeps, 'heads' | 'database' | 'settings'>;

export interface FeedRequest {
  cursor?: string | undefined;
  limit: number;
  /** Only these agents' sessions; null = all. */
  agents: readonly string[] | null;
}

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
  const position = await lastPosition(database);
  return {
    phase: 'heads',
    position,
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

/** Throws BAD_REQUEST for a position beyond the log's end: an older state was restored, and what is told of it comes again. */
async function fromLog(
  { database, settings }: Deps,
  { position }: FeedCursor,
  { limit, agents }: FeedRequest,
): Promise<Omit<RevocationPage, 'killSwitchActive'>> {
  const entries = await readRecorded(database, position, limit);
  if (entries.length === 0 && position > (await lastPosition(database))) {
    throw new LedgerError('BAD_REQUEST', { detail: 'cursor: beyond the log’s end; begin without a cursor.' });
  }
  const events = entries.map((entry) => toCloudEvent(entry, ''));
  const seen = events.filter(({ data }) => agents === null || agents.includes(String(data['agentId'])));
  return {
    items: seen.flatMap((event) => revocationOf(event, settings.previousTokenGrace) ?? []),
    cursor: encodeFeedCursor({ phase: 'log', position: entries.at(-1)?.position ?? position }),
    hasMore: entries.length === limit,
  };
}

function revocationOf(envelope: CloudEvent, grace: number): Revocation | null {
  const event = factOf(envelope);
  if (!event || !isSessionEvent(event)) return null;
  const { sessionId } = event.data;
  if (event.type === 'SessionRenewed') {
    const { generation, cause, issuedAt } = event.data;
    const deadFrom = toEpochSeconds(issuedAt) + (cause === 'renewal' ? grace : 0);
    return { sessionId, generation, ended: false, deadFrom: toRfc3339(deadFrom) };
  }
  if (sessionEndOf(event) === null) return null;
  return { sessionId, generation: 0, ended: true, deadFrom: toRfc3339(toEpochSeconds(envelope.time)) };
}

/** The fact; of a version that only a newer release knows as it was recorded: an end must be told all the same. */
function factOf(event: CloudEvent): { type: string; data: unknown } | null {
  try {
    return domainEventOf(event);
  } catch (error) {
    if (!(error instanceof UnknownEvent)) throw error;
    return { type: eventTypeOf(event.type) ?? event.type, data: event.data };
  }
}
