import { createHash } from 'node:crypto';
import { sessionStream } from '#libs/contracts';
import type { SessionSnapshot } from '#libs/ledger';
import { revokeSession, type SessionEvent } from '#libs/session';
import { append, decideAgain } from '../append.js';
import type { Caller, CommandDeps } from '../command-deps.js';
import { headAfter, newEvents, secondsOf } from '../new-events.js';
import { findReceipt } from '../receipts.js';
import { addressPrefixOf } from './address-prefix.js';

interface Misuse {
  sessionId: string;
  /** Of the token that was presented. */
  generation: number;
  /** Of the caller; its network is what is recorded. */
  address: string;
}

/** An old token was presented for renewal by nobody we know. Once per session and generation; ends the session where the agent's policy says so. */
export function reportReuse(deps: CommandDeps, misuse: Misuse, caller: Caller): Promise<void> {
  return recordOnce(deps, 'token-reuse', misuse, caller, async ({ head, now }) => {
    const detected: SessionEvent = { type: 'TokenReuseDetected', data: subjectOf(head, misuse) };
    const agent = await deps.heads.agent(head.agentId);
    if (agent?.defaultConstraints.reuse !== 'revoke') return [detected];
    const revoked = revokeSession(head, { now: secondsOf(now), trigger: 'token_reuse' });
    return revoked ? [detected, revoked] : [detected];
  });
}

/** The current token of a session with holders was presented for renewal without a holder's key. Once per session and generation. */
export function reportUnprovenRenewal(deps: CommandDeps, misuse: Misuse, caller: Caller): Promise<void> {
  return recordOnce(deps, 'unproven-renewal', misuse, caller, ({ head }) =>
    Promise.resolve([{ type: 'UnprovenRenewalRefused', data: subjectOf(head, misuse) }]),
  );
}

function subjectOf(head: SessionSnapshot['head'], { generation, address }: Misuse) {
  const { sessionId, agentId, agentName } = head;
  return { sessionId, agentId, agentName, generation, addressPrefix: addressPrefixOf(address) };
}

/** The receipt makes it once, so that repeating it cannot flood the ledger. */
async function recordOnce(
  deps: CommandDeps,
  what: string,
  { sessionId, generation }: Misuse,
  caller: Caller,
  decide: (snapshot: SessionSnapshot) => Promise<SessionEvent[]>,
): Promise<void> {
  const scope = `${what}:${sessionId}`;
  const key = String(generation);
  const idempotency = { scope, key, fingerprint: createHash('sha256').update(`${scope}:${key}`).digest() };
  if (await findReceipt(deps.database, idempotency)) return;
  await decideAgain(async () => {
    const snapshot = await deps.heads.session(sessionId);
    if (!snapshot || snapshot.head.status !== 'active') return;
    const { head, holderIds, now } = snapshot;
    const events = await decide(snapshot);
    await append(deps.store, {
      streams: [{ streamId: sessionStream(sessionId), expectedVersion: head.version, events: newEvents(events, now) }],
      heads: { sessions: [headAfter(head, events, { hasHolder: holderIds.length > 0, now })] },
      actor: caller.actor,
      requestId: caller.requestId,
      idempotency,
      duringKillSwitch: true,
    });
  });
}
