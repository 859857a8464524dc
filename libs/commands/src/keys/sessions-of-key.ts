import { LedgerError } from '#libs/contracts';
import type { Caller, CommandDeps } from '../command-deps.js';
import { runningAppendsEnded } from '../running-appends.js';
import { rotateSession } from '../rotate-session/rotate-session.js';

const PAGE = 500;
const SESSIONS_OF_KEY = `
select session_id from ledger.session_head
where status = 'active' and token_header::jsonb ->> 'kid' = $1 and ($2::uuid is null or session_id > $2)
order by session_id limit ${PAGE}`;
const KEY_IS_NEEDED = `
select exists (
  select from ledger.session_head where status = 'active' and token_header::jsonb ->> 'kid' = $1
) as needed`;

/** Whether the current token of a live session was signed with this key. */
export async function isKeyNeeded({ database }: Pick<CommandDeps, 'database'>, kid: string): Promise<boolean> {
  const [row] = await database.query<{ needed: boolean }>(KEY_IS_NEEDED, [kid]);
  return row?.needed === true;
}

/** Gives every live session of a revoked key another token, also one that is being issued right now; answers how many. */
export async function rotateSessionsOfKey(deps: CommandDeps, kid: string, caller: Caller): Promise<number> {
  const { actor, requestId } = caller;
  await runningAppendsEnded(deps);
  let rotated = 0;
  let after: string | null = null;
  for (;;) {
    const rows: { session_id: string }[] = await deps.database.query(SESSIONS_OF_KEY, [kid, after]);
    for (const { session_id: sessionId } of rows) {
      after = sessionId;
      if (await rotateUnlessEnded(deps, sessionId, { actor, requestId })) rotated++;
    }
    if (rows.length < PAGE) return rotated;
  }
}

async function rotateUnlessEnded(deps: CommandDeps, sessionId: string, caller: Caller): Promise<boolean> {
  try {
    await rotateSession(deps, { sessionId, emergency: true }, caller);
    return true;
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'SESSION_ENDED') return false;
    throw error;
  }
}
