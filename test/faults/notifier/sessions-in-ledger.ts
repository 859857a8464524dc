import { sessionStream } from '#libs/contracts';
import type { Ledger, SessionHead } from '#libs/ledger';
import { newId } from '#libs/platform';
import { dueAt, evolve, grantFirstToken, sessionCreated, type SessionEvent, type SessionState } from '#libs/session';

/** Of tokens that nobody uses. */
export const TEXTS = { tokenHeader: '{}', tokenPayload: '{}', tokenHash: '00' };

export interface SessionWish {
  /** An agent that is registered already; default a new one. */
  agentId?: string;
  agentName?: string;
  /** Seconds that the current token was issued ago. */
  issuedAgo?: number;
  expiresIn?: number;
  absoluteLifetime?: number;
  maxRenewals?: number | null;
}

export function createdEvent(wish: SessionWish & { agentId: string }, now: number) {
  const command = {
    sessionId: newId(),
    agentId: wish.agentId,
    agentName: wish.agentName ?? 'trader',
    now: Math.floor(now / 1000) - (wish.issuedAgo ?? 0),
    expiresIn: wish.expiresIn ?? 604_800,
    maxRenewals: wish.maxRenewals === undefined ? 30 : wish.maxRenewals,
    renewalRejectWindow: 3600,
    absoluteLifetime: wish.absoluteLifetime ?? 2_592_000,
    constraints: {},
  };
  return sessionCreated(command, grantFirstToken(command), TEXTS);
}

/** Appends the events and the heads that they make. */
export async function appendTo(
  ledger: Ledger,
  changes: { state: SessionState | null; events: SessionEvent[] }[],
  now: number,
): Promise<SessionState[]> {
  const after = changes.map(({ state, events }) =>
    events.reduce<SessionState | null>((folded, event) => evolve(folded, event), state)!,
  );
  await ledger.append({
    streams: changes.map(({ state, events }, index) => ({
      streamId: sessionStream(after[index]!.sessionId),
      expectedVersion: state?.version ?? 0,
      events: events.map((event) => ({ ...event, id: newId(), time: Math.floor(now) })),
    })),
    heads: {
      sessions: after.map((next): SessionHead => ({ ...next, dueAt: dueAt(next, false, Math.floor(now / 1000)) })),
    },
    actor: 'system',
    requestId: newId(),
  });
  return after;
}
