import { sessionStream } from '#libs/contracts';
import type { SessionHead } from '#libs/ledger';
import type { SessionCreated } from '#libs/session';
import type { Caller, CommandDeps } from '../command-deps.js';
import type { SessionWithIssuedToken } from '../issued.js';
import { secondsOf } from '../new-events.js';
import { revokeSession } from '../revoke-session/revoke-session.js';

/** `superseding` is missing where the creation was repeated: its event tells. */
export type CreatedSession = SessionWithIssuedToken & { superseding?: boolean };

/**
 * Two creations that supersede at the same moment do not see one another's session. Each looks once more when its own is
 * recorded: the older one ends, whoever finds it. In all other cases there is nothing to end. Answers the session as it is then.
 */
export async function endOutrun(
  deps: CommandDeps,
  { superseding, ...created }: CreatedSession,
  caller: Caller,
): Promise<SessionWithIssuedToken> {
  const { sessionId, agentId } = created.head;
  if (!(superseding ?? (await supersedes(deps, created.head)))) return created;
  const active = await deps.heads.activeSessions(agentId);
  const others = active.filter((head) => head.sessionId !== sessionId);
  const isActive = others.length < active.length;
  if (isActive && others.length === 0) return created;
  for (const other of isActive ? others : []) {
    const outrun = isNewer(created.head, other) ? other : (await supersedes(deps, other)) ? created.head : null;
    if (outrun) await revokeSession(deps, { sessionId: outrun.sessionId, trigger: 'superseded' }, caller);
  }
  // Of a repetition the first answer is given, whose token is gone already where another is current.
  const after = created.token === null ? null : await deps.heads.session(sessionId);
  if (!after || after.head.status === 'active') return created;
  return { head: after.head, token: null, now: secondsOf(after.now) };
}

function isNewer(left: SessionHead, right: SessionHead): boolean {
  if (left.createdAt !== right.createdAt) return left.createdAt > right.createdAt;
  return left.sessionId > right.sessionId;
}

async function supersedes(deps: CommandDeps, { sessionId }: SessionHead): Promise<boolean> {
  const [created] = await deps.store.readStream(sessionStream(sessionId), { limit: 1 });
  return created?.type === 'SessionCreated' && (created.data as SessionCreated).supersedes !== undefined;
}
