import { agentStream, LedgerError, sessionStream, type CreateSessionBody } from '#libs/contracts';
import type { AgentHead, AppendRequest, SessionHead } from '#libs/ledger';
import { newId } from '#libs/platform';
import { grantFirstToken, sessionCreated, type CreateSession } from '#libs/session';
import { append, decideAgain } from '../append.js';
import type { Caller, CommandDeps } from '../command-deps.js';
import { liveHolders } from '../holders/holder-queries.js';
import { MOST_AT_ONCE, moveHolders } from '../holders/move-holders.js';
import { headAfter, newEvents, secondsOf } from '../new-events.js';
import { findReceipt } from '../receipts.js';
import { replaySession } from '../replay-session.js';
import type { SessionWithIssuedToken } from '../issued.js';
import { ENDS_AT_ONCE, endsOf } from '../revoke-session/ends-of-sessions.js';
import { type CreatedSession, endOutrun } from './end-outrun.js';
import { resolveSession } from './resolve-session.js';

/**
 * Issues a session. With `supersede` it ends the agent's other sessions in the same transaction, and their holders move
 * to the new one. Errors: NOT_FOUND, AGENT_DISABLED, BAD_REQUEST, TTL_EXCEEDS_ABSOLUTE_LIFETIME, IDEMPOTENCY_KEY_REUSED.
 */
export async function createSession(
  deps: CommandDeps,
  request: CreateSessionBody,
  caller: Caller,
): Promise<SessionWithIssuedToken> {
  const receipt = await findReceipt(deps.database, caller.idempotency);
  const created = receipt
    ? await replaySession(deps, receipt)
    : await decideAgain(() => createOnce(deps, request, caller), deps.keys);
  // Also on a repetition: the first call may have died before it looked.
  return endOutrun(deps, created, caller);
}

async function createOnce(deps: CommandDeps, request: CreateSessionBody, caller: Caller): Promise<CreatedSession> {
  const agent = await deps.heads.agent(request.agentId);
  if (!agent) throw new LedgerError('NOT_FOUND', { detail: `There is no agent ${request.agentId}.` });
  if (!agent.enabled) throw new LedgerError('AGENT_DISABLED');
  const resolved = resolveSession(request, agent.defaultConstraints, deps.settings);
  const supersede = request.supersede ?? agent.defaultConstraints.supersede ?? true;
  const superseded = supersede ? await deps.heads.activeSessions(agent.agentId) : [];
  const holders =
    superseded.length > 0
      ? await liveHolders(
          deps.database,
          superseded.map((head) => head.sessionId),
        )
      : [];
  const now = await deps.heads.now();

  const command: CreateSession = {
    sessionId: newId(),
    agentId: agent.agentId,
    agentName: agent.name,
    now: secondsOf(now),
    ...resolved,
    ...(request.reason !== undefined && { reason: request.reason }),
    ...(request.labels !== undefined && { labels: request.labels }),
    ...(supersede && { supersedes: superseded.map((head) => head.sessionId) }),
  };
  const grant = grantFirstToken(command);
  const { token, texts } = await deps.issuer.issue(grant, agent.defaultConstraints.audiences);
  const created = sessionCreated(command, grant, texts);
  const head = headAfter(null, [created], { hasHolder: holders.length > 0, now });

  const unheld = superseded.filter(({ sessionId }) => !holders.some((holder) => holder.sessionId === sessionId));
  const surplus = unheld.slice(0, Math.max(0, superseded.length - ENDS_AT_ONCE));
  const left = superseded.length - surplus.length;
  // Before anything ends: a creation that is refused has changed nothing.
  if (left + holders.length > MOST_AT_ONCE) throw tooManyHeld(left);
  if (surplus.length > 0) {
    await endSurplus(deps, agent, surplus, caller);
    return createOnce(deps, request, caller);
  }

  const ends = endsOf(superseded, { trigger: 'superseded' }, now);
  const moves = moveHolders(holders, { agentId: agent.agentId, sessionId: head.sessionId, now });
  const result = await append(deps.store, {
    streams: [
      { streamId: sessionStream(head.sessionId), expectedVersion: 0, events: newEvents([created], now) },
      ...ends.streams,
      // Also where no holder moves: one that is registered meanwhile must not stay behind on a session that ends here.
      ...(superseded.length > 0
        ? [{ streamId: agentStream(agent.agentId), expectedVersion: agent.version, events: moves.events }]
        : []),
    ],
    heads: {
      sessions: [head, ...ends.heads],
      ...(holders.length > 0 && {
        holders: moves.heads,
        agents: [{ ...agent, version: agent.version + holders.length }],
      }),
    },
    actor: caller.actor,
    requestId: caller.requestId,
    ...(caller.idempotency && { idempotency: caller.idempotency }),
    duringKillSwitch: true,
  } satisfies AppendRequest);
  if (result.replayed) return replaySession(deps, result.streams);
  return { head, token, now: secondsOf(now), superseding: supersede };
}

/** Ends what is too much for the transaction of the creation before it. A session that got a holder meanwhile is left to that. */
async function endSurplus(
  { store, heads }: CommandDeps,
  agent: AgentHead,
  surplus: SessionHead[],
  { actor, requestId }: Caller,
): Promise<void> {
  for (let done = 0; done < surplus.length; done += ENDS_AT_ONCE) {
    const ends = endsOf(surplus.slice(done, done + ENDS_AT_ONCE), { trigger: 'superseded' }, await heads.now());
    await append(store, {
      streams: [...ends.streams, { streamId: agentStream(agent.agentId), expectedVersion: agent.version, events: [] }],
      heads: { sessions: ends.heads },
      actor,
      requestId,
      duringKillSwitch: true,
    });
  }
}

function tooManyHeld(count: number): LedgerError {
  const detail = `${count} sessions with holders would be superseded at once. End some first, or pass "supersede": false.`;
  return new LedgerError('BAD_REQUEST', { detail });
}
