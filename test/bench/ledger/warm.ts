import { randomUUID } from 'node:crypto';
import { sessionStream } from '#libs/contracts';
import type { Ledger, NewEvent } from '#libs/ledger';
import { sessionHead } from './sessions.js';

const AT_ONCE = 500;

/** Sessions must be there before a run, so that it updates rows instead of inserting them and the read models know them. */
export async function createSessions(ledger: Ledger, ids: readonly string[]): Promise<void> {
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const part = ids.slice(from, from + AT_ONCE);
    await ledger.append({
      streams: part.map((id) => ({ streamId: sessionStream(id), expectedVersion: 0, events: [created(id)] })),
      heads: { sessions: part.map((id) => sessionHead(id, 1)) },
      actor: 'owner',
      requestId: 'warm-up',
    });
  }
}

function created(sessionId: string): NewEvent {
  const { agentId, agentName, tokenHeader, tokenPayload, tokenHash, expiresIn, renewalRejectWindow } = sessionHead(
    sessionId,
    1,
  );
  return {
    id: randomUUID(),
    time: Date.now(),
    type: 'SessionCreated',
    data: {
      sessionId,
      agentId,
      agentName,
      generation: 0,
      tokenHeader,
      tokenPayload,
      tokenHash,
      expiresIn,
      issuedAt: '2026-11-21T00:00:00Z',
      expiresAt: '2026-11-28T00:00:00Z',
      absoluteExpiresAt: '2026-12-21T00:00:00Z',
      maxRenewals: null,
      renewalRejectWindow,
      constraints: {},
      reason: 'benchmark',
    },
  };
}
