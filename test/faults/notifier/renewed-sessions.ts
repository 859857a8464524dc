import { sessionStream } from '#libs/contracts';
import type { Ledger, SessionHead } from '#libs/ledger';
import { newId } from '#libs/platform';
import {
  dueAt,
  evolve,
  grantFirstToken,
  sessionCreated,
  sessionRenewed,
  type SessionEvent,
  type SessionState,
} from '#libs/session';

const TEXTS = { tokenHeader: '{}', tokenPayload: '{}', tokenHash: '00' };
const ISSUED_AGO = 400_000;
const TTL = 604_800;

/**
 * Appends sessions that were just renewed with two renewals left, in one transaction: whoever reads the log must announce
 * each of them once.
 *
 * @returns their ids
 */
export async function appendRenewedSessions(ledger: Ledger, agentId: string, count: number): Promise<string[]> {
  const time = await ledger.now();
  const now = Math.floor(time / 1000);
  const sessions = Array.from({ length: count }, () => renewedSession(agentId, now));
  await ledger.append({
    streams: sessions.map(({ state, events }) => ({
      streamId: sessionStream(state.sessionId),
      expectedVersion: 0,
      events: events.map((event) => ({ ...event, id: newId(), time: Math.floor(time) })),
    })),
    heads: { sessions: sessions.map(({ state }): SessionHead => ({ ...state, dueAt: dueAt(state, false, now) })) },
    actor: 'system',
    requestId: newId(),
  });
  return sessions.map(({ state }) => state.sessionId);
}

function renewedSession(agentId: string, now: number): { state: SessionState; events: SessionEvent[] } {
  const sessionId = newId();
  const command = {
    sessionId,
    agentId,
    agentName: 'trader',
    now: now - ISSUED_AGO,
    expiresIn: TTL,
    maxRenewals: 3,
    renewalRejectWindow: 3600,
    absoluteLifetime: 2_592_000,
    constraints: {},
  };
  const created = sessionCreated(command, grantFirstToken(command), TEXTS);
  const first = evolve(null, created);
  const grant = { sessionId, agentId, generation: 1, issuedAt: now, expiresAt: now + TTL };
  const renewed = sessionRenewed(first, grant, TEXTS, { cause: 'renewal' });
  return { state: evolve(first, renewed), events: [created, renewed] };
}
