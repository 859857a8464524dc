import { agentStream, LedgerError, sessionStream } from '#libs/contracts';
import type { SessionHead } from '#libs/ledger';
import type { SessionCreated } from '#libs/session';
import { append, decideAgain } from '../append.js';
import type { Caller, CommandDeps } from '../command-deps.js';
import { liveHolders } from '../holders/holder-queries.js';
import { MOST_AT_ONCE, moveHolders } from '../holders/move-holders.js';
import { watchedByHolder } from '../holders/watched-by-holder.js';
import type { SessionWithIssuedToken } from '../issued.js';
import { secondsOf } from '../new-events.js';
import { endsOf } from '../revoke-session/ends-of-sessions.js';

/** `superseding` is missing where the creation was repeated: its event tells. */
export type CreatedSession = SessionWithIssuedToken & { superseding?: boolean };

/**
 * Two creations that supersede at the same moment do not see one another's session. Each looks once more when its own is
 * recorded: the older one ends, whoever finds it, and its holders move to the newer one. In all other cases there is nothing
 * to end. Answers the session as it is then.
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
  // The older ones first: what this one takes over from them, a newer one takes over with it.
  others.sort((left, right) => (isNewer(left, right) ? 1 : -1));
  for (const other of isActive ? others : []) {
    if (isNewer(created.head, other)) await endFor(deps, { outrun: other, newer: created.head }, caller);
    else if (await supersedes(deps, other)) await endFor(deps, { outrun: created.head, newer: other }, caller);
  }
  // Of a repetition the first answer is given, whose token is gone already where another is current.
  const after = created.token === null ? null : await deps.heads.session(sessionId);
  if (!after || after.head.status === 'active') return created;
  return { head: after.head, token: null, now: secondsOf(after.now) };
}

/** Ends a session and moves its holders to the newer one, as many as one append takes. */
async function endFor(
  { store, heads, database }: CommandDeps,
  { outrun, newer }: { outrun: SessionHead; newer: SessionHead },
  { actor, requestId }: Caller,
): Promise<void> {
  const { agentId, sessionId } = newer;
  await decideAgain(async () => {
    // The agent before its holders: one that is registered meanwhile must not stay behind on a session that ends here.
    const agent = await heads.agent(agentId);
    const [from, to] = await Promise.all([heads.session(outrun.sessionId), heads.session(sessionId)]);
    if (!agent || !from || !to) throw new LedgerError('NOT_FOUND', { detail: `There is no agent ${agentId}.` });
    const ends = endsOf([from.head], { trigger: 'superseded' }, from.now);
    if (ends.streams.length === 0) return;
    const follows = to.head.status === 'active';
    const holders = follows ? await liveHolders(database, [outrun.sessionId]) : [];
    const moves = moveHolders(holders.slice(0, MOST_AT_ONCE), { agentId, sessionId, now: from.now });
    const watched = moves.heads.length > 0 ? [watchedByHolder(to)] : [];
    await append(store, {
      streams: [
        ...ends.streams,
        { streamId: agentStream(agentId), expectedVersion: agent.version, events: moves.events },
        ...watched.map(({ stream }) => stream),
      ],
      heads: {
        sessions: [...ends.heads, ...watched.map(({ head }) => head)],
        holders: moves.heads,
        agents: [{ ...agent, version: agent.version + moves.events.length }],
      },
      actor,
      requestId,
      duringKillSwitch: true,
    });
  });
}

function isNewer(left: SessionHead, right: SessionHead): boolean {
  if (left.createdAt !== right.createdAt) return left.createdAt > right.createdAt;
  return left.sessionId > right.sessionId;
}

async function supersedes(deps: CommandDeps, { sessionId }: SessionHead): Promise<boolean> {
  const [created] = await deps.store.readStream(sessionStream(sessionId), { limit: 1 });
  return created?.type === 'SessionCreated' && (created.data as SessionCreated).supersedes !== undefined;
}
