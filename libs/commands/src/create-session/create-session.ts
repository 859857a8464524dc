import { agentStream, LedgerError, sessionStream, type CreateSessionBody, type DomainEvent } from '#libs/contracts';
import { type AppendRequest, type HolderHead, type SessionHead, type StreamAppend } from '#libs/ledger';
import { newId } from '#libs/platform';
import { grantFirstToken, revokeSession, sessionCreated, type CreateSession } from '#libs/session';
import { append, decideAgain } from '../append.js';
import { type Caller, type CommandDeps } from '../command-deps.js';
import { liveHolders } from '../holders/holder-queries.js';
import { headAfter, newEvents, secondsOf } from '../new-events.js';
import { findReceipt } from '../receipts.js';
import { replaySession } from '../replay-session.js';
import { type SessionWithIssuedToken } from '../issued.js';
import { endOutrun } from './end-outrun.js';
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
  if (receipt) return replaySession(deps, receipt);
  const created = await decideAgain(() => createOnce(deps, request, caller), deps.keys);
  if (created.superseding) await endOutrun(deps, created.head, caller);
  return created;
}

async function createOnce(
  deps: CommandDeps,
  request: CreateSessionBody,
  caller: Caller,
): Promise<SessionWithIssuedToken & { superseding?: boolean }> {
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

  const ends = endSuperseded(superseded, now);
  const moves = moveHolders(holders, {
    agentId: agent.agentId,
    agentVersion: agent.version,
    sessionId: head.sessionId,
    now,
  });
  const result = await append(deps.store, {
    streams: [
      { streamId: sessionStream(head.sessionId), expectedVersion: 0, events: newEvents([created], now) },
      ...ends.streams,
      ...moves.streams,
    ],
    heads: {
      sessions: [head, ...ends.heads],
      ...(moves.streams.length > 0 && {
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

/** The end of each superseded session, as facts and heads. */
function endSuperseded(sessions: SessionHead[], now: number): { streams: StreamAppend[]; heads: SessionHead[] } {
  const streams: StreamAppend[] = [];
  const heads: SessionHead[] = [];
  for (const session of sessions) {
    const revoked = revokeSession(session, { now: secondsOf(now), trigger: 'superseded' });
    if (!revoked) continue;
    streams.push({
      streamId: sessionStream(session.sessionId),
      expectedVersion: session.version,
      events: newEvents([revoked], now),
    });
    heads.push(headAfter(session, [revoked], { hasHolder: false, now }));
  }
  return { streams, heads };
}

function moveHolders(
  holders: HolderHead[],
  to: { agentId: string; agentVersion: number; sessionId: string; now: number },
): { streams: StreamAppend[]; heads: HolderHead[] } {
  if (holders.length === 0) return { streams: [], heads: [] };
  const { agentId, sessionId } = to;
  const events = holders.map(({ holderId }): DomainEvent => ({
    type: 'HolderAssigned',
    data: { agentId, holderId, sessionId },
  }));
  return {
    streams: [{ streamId: agentStream(agentId), expectedVersion: to.agentVersion, events: newEvents(events, to.now) }],
    heads: holders.map((holder) => ({ ...holder, sessionId })),
  };
}
