import { sessionStream } from '#libs/contracts';
import { type SessionHead } from '#libs/ledger';
import { type SessionCreated } from '#libs/session';
import { type Caller, type CommandDeps } from '../command-deps.js';
import { revokeSession } from '../revoke-session/revoke-session.js';

/**
 * Two creations that supersede at the same moment do not see one another's session. Each looks once more when its own is
 * recorded: the older one ends, whoever finds it. In all other cases there is nothing to end.
 */
export async function endOutrun(deps: CommandDeps, created: SessionHead, caller: Caller): Promise<void> {
  const others = (await deps.heads.activeSessions(created.agentId)).filter(
    ({ sessionId }) => sessionId !== created.sessionId,
  );
  for (const other of others) {
    const outrun = isNewer(created, other) ? other : (await supersedes(deps, other)) ? created : null;
    if (outrun) await revokeSession(deps, { sessionId: outrun.sessionId, trigger: 'superseded' }, caller);
  }
}

function isNewer(left: SessionHead, right: SessionHead): boolean {
  if (left.createdAt !== right.createdAt) return left.createdAt > right.createdAt;
  return left.sessionId > right.sessionId;
}

async function supersedes(deps: CommandDeps, { sessionId }: SessionHead): Promise<boolean> {
  const [created] = await deps.store.readStream(sessionStream(sessionId), { limit: 1 });
  return created?.type === 'SessionCreated' && (created.data as SessionCreated).supersedes !== undefined;
}
